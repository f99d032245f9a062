"""An exchange as an entry of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/).

The only place where an unknown size is -1 and a time is in milliseconds. Custom fields begin
with an underscore, as the specification asks. Written as text at once: every exchange that
ReadMe gets passes here, and dicts that are encoded a moment later cost three times as much.

Not in an entry: the exchange's errors. Who may read a log of a call is often the caller, and
an error's text is for the API's makers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from math import modf
from typing import Any

from ..exchange import Body, Headers, RedactedExchange, Request
from .forms import pairs_of, params_of
from .json import Pieces, Quote, Quotes, written
from .text import base64_of, text_of

UNKNOWN = -1


Parts = tuple[str, bytes, str]
"""Text before a body, the body in quotes, and text behind it: a body is copied but once."""


def entry(exchange: RedactedExchange) -> dict[str, Any]:
    """Return the exchange as one element of ``log.entries``."""
    read: dict[str, Any] = json.loads(written(lambda quotes: entry_pieces(exchange, quotes)))
    return read


def entry_pieces(exchange: RedactedExchange, quotes: Quotes) -> Pieces:
    """Return the same as JSON.

    Durations are whole milliseconds, of which ``wait`` and ``receive`` add up to ``time``.
    """
    timings = exchange.timings
    total = round(timings.total * 1000)
    wait = min(round(timings.wait * 1000), total)
    request, asked, requested = _request(exchange.request, quotes)
    response, answered, responded = _response(exchange, quotes)
    head = (
        f'{{"pageref":{quotes.text(_page(exchange))},"startedDateTime":"{_time(exchange)}",'
        f'"time":{total},"timings":{{"send":0,"wait":{wait},"receive":{total - wait}}},'
        f'"request":{request}'
    )
    between, end = f'{requested},"response":{response}', f'{responded},"cache":{{}}}}'
    return (head, asked, between, answered, end)


def object_text(members: Mapping[str, str], quote: Quote) -> str:
    """Return texts by their names as a JSON object."""
    written = [f"{quote(name)}:{quote(value)}" for name, value in members.items()]
    return f"{{{','.join(written)}}}"


def _page(exchange: RedactedExchange) -> str:
    """The route's template under the host, so that calls of one route meet; else the URL."""
    request = exchange.request
    if exchange.route is None:
        return request.url
    return f"{request.scheme}://{request.host}{exchange.route}"


def _time(exchange: RedactedExchange) -> str:
    part, whole = modf(exchange.started_at)
    seconds, micros = divmod(round(part * 1_000_000), 1_000_000)
    return f"{_second(int(whole) + seconds)}.{micros // 1000:03}Z"


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    """Written once for all the exchanges of a second."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")[:-6]


def _request(request: Request, quotes: Quotes) -> Parts:
    quote, body = quotes.text, request.body
    query = _pairs(pairs_of(request.query), quote) if request.query else "[]"
    head = (
        f'{{"method":{quote(request.method)},"url":{quote(request.url)},'
        f'"httpVersion":{quote(f"HTTP/{request.protocol_version}")},"cookies":[],'
        f'"headers":{_pairs(request.headers, quote)},"queryString":{query},'
        f'"headersSize":{UNKNOWN},"bodySize":{_size(body.wire_size)}'
    )
    if not (body.content or body.wire_size or (body.omitted and body.content_type)):
        return f"{head}}}", b"", ""
    before, text, after = _post_data(body, quotes)
    return f'{head},"postData":{before}', text, f"{after}}}"


def _response(exchange: RedactedExchange, quotes: Quotes) -> Parts:
    """The ``httpVersion`` is the server's choice, which an app never sees."""
    response, quote = exchange.response, quotes.text
    comment = ',"comment":"ended before its last byte"' if exchange.aborted else ""
    before, text, after = _content(response.body, quotes)
    head = (
        f'{{"status":{response.status_code},"statusText":{quote(response.status_text)},'
        f'"httpVersion":"","cookies":[],"headers":{_pairs(response.headers, quote)},'
        f'"content":{before}'
    )
    end = (
        f'{after},"redirectURL":{quote(_location(response.headers))},'
        f'"headersSize":{UNKNOWN},"bodySize":{_size(response.body.wire_size)}{comment}}}'
    )
    return head, text, end


def _post_data(body: Body, quotes: Quotes) -> Parts:
    """HAR's postData has no ``encoding``: Base64 is told by ``_encoding``."""
    head = f'{{"mimeType":{quotes.text(body.content_type)}'
    params = params_of(body)
    if params is not None:
        shown = ",".join([object_text(param, quotes.text) for param in params])
        return f'{head},"params":[{shown}]{_remark(body, quotes.text)}}}', b"", ""
    return _text(head, body, "_encoding", quotes)


def _content(body: Body, quotes: Quotes) -> Parts:
    head = f'{{"size":{_size(body.size)},"mimeType":{quotes.text(body.content_type)}'
    return _text(head, body, "encoding", quotes)


def _text(head: str, body: Body, encoding: str, quotes: Quotes) -> Parts:
    """Add the text of a body, if it was recorded, to the object that begins with ``head``."""
    end = f"{_remark(body, quotes.text)}}}"
    if body.content is None:
        return head + end, b"", ""
    text = text_of(body)
    if text is None:
        return f'{head},"text":"{base64_of(body.content)}","{encoding}":"base64"{end}', b"", ""
    return f'{head},"text":', quotes.body(text), end


def _remark(body: Body, quote: Quote) -> str:
    if body.omitted is not None:
        said = quote(body.omitted)
        return f',"comment":{quote(f"left out: {body.omitted}")},"_omitted":{said}'
    if body.truncated:
        return f',"comment":"the first {len(body.content or b"")} bytes","_truncated":true'
    return ""


def _pairs(pairs: Iterable[tuple[str, str]], quote: Quote) -> str:
    written = [f'{{"name":{quote(name)},"value":{quote(value)}}}' for name, value in pairs]
    return f"[{','.join(written)}]"


def _location(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "location"), "")


def _size(size: int | None) -> int:
    return UNKNOWN if size is None else size
