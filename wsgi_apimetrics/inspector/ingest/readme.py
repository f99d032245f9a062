"""ReadMe's logs, as any of its SDKs writes them, read to exchanges."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

from ...exchange import Body, Exchange, Group, Headers, Request, Response, Timings
from .reading import body, from_base64, id_of, moment


def exchanges(logs: Any) -> list[Exchange]:
    """Read the array of logs that one request carries.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is none.
    """
    if not isinstance(logs, list):
        raise TypeError("an array of logs was expected")
    return [_exchange(log, entry) for log in logs for entry in log["request"]["log"]["entries"]]


def _exchange(log: Mapping[str, Any], entry: Mapping[str, Any]) -> Exchange:
    request, response = entry["request"], entry["response"]
    url = urllib.parse.urlsplit(str(request["url"]))
    query = url.query or urllib.parse.urlencode(
        [(one["name"], one.get("value", "")) for one in request.get("queryString") or ()]
    )
    headers = _headers(request)
    got = _headers(response)
    return Exchange(
        id=id_of(log.get("_id")),
        started_at=moment(entry["startedDateTime"]),
        request=Request(
            method=str(request["method"]),
            scheme=url.scheme or "http",
            host=url.netloc,
            path=url.path or "/",
            query=query,
            protocol_version=str(request.get("httpVersion") or "").rpartition("/")[2] or "1.1",
            headers=headers,
            body=_sent(request.get("postData"), headers),
            client_address=str(log.get("clientIPAddress") or ""),
        ),
        response=Response(
            int(response["status"]),
            str(response.get("statusText") or ""),
            got,
            _got(response.get("content") or {}, got),
        ),
        timings=_timings(entry),
        group=_group(log.get("group") or {}),
        route=_route(entry.get("pageref"), url.path),
        tags=("development",) if log.get("development") else (),
    )


def _headers(message: Mapping[str, Any]) -> Headers:
    return tuple(
        (str(one["name"]), str(one.get("value", ""))) for one in message.get("headers") or ()
    )


def _sent(posted: Any, headers: Headers) -> Body:
    if not posted:
        return Body()
    if "text" in posted:
        return body(str(posted["text"] or "").encode("utf-8", "replace"), headers)
    pairs = [(one["name"], one.get("value", "")) for one in posted.get("params") or ()]
    content = urllib.parse.urlencode(pairs).encode()
    return Body(content, len(content), None, "application/x-www-form-urlencoded")


def _got(content: Mapping[str, Any], headers: Headers) -> Body:
    text = content.get("text")
    if text is None:
        size = content.get("size")
        known = size if isinstance(size, int) and size > 0 else None
        return Body(None, known, known, omitted="not in the log") if known else Body()
    if content.get("encoding") == "base64":
        return body(from_base64(text), headers)
    return body(str(text).encode("utf-8", "replace"), headers)


def _timings(entry: Mapping[str, Any]) -> Timings:
    parts = entry.get("timings") or {}
    wait, receive = (max(0.0, float(parts.get(name) or 0)) for name in ("wait", "receive"))
    if not wait and not receive:
        wait = max(0.0, float(entry.get("time") or 0))
    return Timings(wait / 1000, receive / 1000)


def _group(group: Mapping[str, Any]) -> Group | None:
    """Older SDKs say ``api_key`` for ``id``."""
    id_ = group.get("id") or group.get("api_key")
    if not id_:
        return None
    label, email = group.get("label"), group.get("email")
    return Group(str(id_), str(label) if label else None, str(email) if email else None)


def _route(pageref: object, path: str) -> str | None:
    """A page that is more than the address itself is a route's template."""
    page = urllib.parse.urlsplit(str(pageref or "")).path
    return page if page and page != path else None
