"""An exchange as an entry of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/).

The only place where an unknown size is -1 and a time is in milliseconds. Custom fields begin
with an underscore, as the specification asks.

Not in an entry: the exchange's errors. Who may read a log of a call is often the caller, and
an error's text is for the API's makers.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ..exchange import Body, Headers, RedactedExchange, Request, Response, Timings
from .forms import pairs_of, params_of
from .text import base64_of, text_of

UNKNOWN = -1


def entry(exchange: RedactedExchange) -> dict[str, Any]:
    """Return the exchange as one element of ``log.entries``."""
    request = exchange.request
    return {
        "pageref": _page(exchange),
        "startedDateTime": _time(exchange.started_at),
        **_durations(exchange.timings),
        "request": _request(request),
        "response": _response(exchange.response, aborted=exchange.aborted),
        "cache": {},
    }


def _page(exchange: RedactedExchange) -> str:
    """The route's template under the host, so that calls of one route meet; else the URL."""
    request = exchange.request
    if exchange.route is None:
        return request.url
    return f"{request.scheme}://{request.host}{exchange.route}"


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _durations(timings: Timings) -> dict[str, Any]:
    """Whole milliseconds, of which ``wait`` and ``receive`` add up to ``time``."""
    total = round(timings.total * 1000)
    wait = min(round(timings.wait * 1000), total)
    return {"time": total, "timings": {"send": 0, "wait": wait, "receive": total - wait}}


def _request(request: Request) -> dict[str, Any]:
    har: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": f"HTTP/{request.protocol_version}",
        "cookies": [],
        "headers": _headers(request.headers),
        "queryString": pairs_of(request.query) if request.query else [],
        "headersSize": UNKNOWN,
        "bodySize": _size(request.body.wire_size),
    }
    body = request.body
    if body.content or body.wire_size or (body.omitted and body.content_type):
        har["postData"] = _post_data(body)
    return har


def _response(response: Response, *, aborted: bool) -> dict[str, Any]:
    har = {
        "status": response.status_code,
        "statusText": response.status_text,
        "httpVersion": "",  # the server's choice, which an app never sees
        "cookies": [],
        "headers": _headers(response.headers),
        "content": _content(response.body),
        "redirectURL": _location(response.headers),
        "headersSize": UNKNOWN,
        "bodySize": _size(response.body.wire_size),
    }
    if aborted:
        har["comment"] = "ended before its last byte"
    return har


def _post_data(body: Body) -> dict[str, Any]:
    """HAR's postData has no ``encoding``: Base64 is told by ``_encoding``."""
    har: dict[str, Any] = {"mimeType": body.content_type}
    params = params_of(body)
    if params is not None:
        har["params"] = params
    else:
        har.update(_text(body, "_encoding"))
    return har | _remark(body)


def _content(body: Body) -> dict[str, Any]:
    har: dict[str, Any] = {"size": _size(body.size), "mimeType": body.content_type}
    return har | _text(body, "encoding") | _remark(body)


def _text(body: Body, encoding: str) -> dict[str, Any]:
    if body.content is None:
        return {}
    text = text_of(body)
    if text is None:
        return {"text": base64_of(body.content), encoding: "base64"}
    return {"text": text}


def _remark(body: Body) -> dict[str, Any]:
    if body.omitted is not None:
        return {"comment": f"left out: {body.omitted}", "_omitted": body.omitted}
    if body.truncated:
        return {"comment": f"the first {len(body.content or b'')} bytes", "_truncated": True}
    return {}


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _location(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "location"), "")


def _size(size: int | None) -> int:
    return UNKNOWN if size is None else size
