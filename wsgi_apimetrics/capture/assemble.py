"""A raw record to an exchange: pure, run on the worker.

Whatever the record holds, an exchange comes of it: a header that is not UTF-8, a status line
without a number, a length of ``abc`` are recorded as they are or as unknown, never refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..exchange import Body, Exchange, Group, Headers, Request, Response, Timings
from ..trace import trace_of
from .body import Recorded, recorded
from .content_encoding import decode, is_supported
from .policy import CapturePolicy
from .status import number, status_code_of
from .urls import origin, quoted_path, quoted_query, wire_bytes

if TYPE_CHECKING:
    from .record import RawExchange

_UNPREFIXED = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
_MOST_NAMES = 1024
_SERVER_ERROR = 500
_BODILESS = frozenset({204, 304})


def assemble(raw: RawExchange) -> Exchange:
    """Return what ``raw`` recorded as a value."""
    response = _response(raw)
    trace_id, parent_span_id = trace_of(raw.environ.get("HTTP_TRACEPARENT"), raw.id)
    group = raw.groups[0] if raw.groups else None
    wait = (raw.began or raw.ended) - raw.started
    return Exchange(
        raw.id,
        raw.started_at,
        _request(raw),
        response,
        Timings(wait, raw.ended - raw.started - wait),
        "server",
        group if isinstance(group, Group) else None,
        None if response.status_code == 404 else raw.route,
        _params(raw.path_params),
        raw.framework,
        raw.errors,
        raw.aborted,
        trace_id=trace_id,
        parent_span_id=parent_span_id,
    )


def _params(params: Any) -> dict[str, Any]:
    """Whatever an app puts under the key: what is no mapping says nothing."""
    return dict(params) if isinstance(params, Mapping) else {}


def _request(raw: RawExchange) -> Request:
    environ = raw.environ
    scheme, host, prefix, client_address = origin(environ, raw.policy.trusted_proxies)
    return Request(
        environ.get("REQUEST_METHOD", ""),
        scheme,
        host,
        quoted_path(prefix + environ.get("PATH_INFO", "")) or "/",
        quoted_query(environ.get("QUERY_STRING", "")),
        environ.get("SERVER_PROTOCOL", "").partition("/")[2] or "1.1",
        tuple(
            [
                (wire, value if value.isascii() else _text(value))
                for name, value in environ.items()
                if (wire := _WIRE_NAMES[name]) and (value or name[:5] == "HTTP_")
            ]
        ),
        _request_body(raw),
        environ.get("REMOTE_ADDR", ""),
        client_address,
        environ.get("SERVER_NAME", ""),
        number(environ.get("SERVER_PORT", "")),
    )


class _WireNames(dict[str, str]):
    """``HTTP_X_API_KEY`` to ``X-Api-Key``: the case that came is not known to WSGI.

    Empty for what is no header; remembered for as many names as an app can do with.
    """

    def __missing__(self, name: str) -> str:
        wire = ""
        if name in _UNPREFIXED or name[:5] == "HTTP_":
            wire = name.removeprefix("HTTP_").replace("_", "-").title()
        if len(self) < _MOST_NAMES:
            self[name] = wire
        return wire


_WIRE_NAMES = _WireNames()


def _text(value: str) -> str:
    """Read a latin-1 text as UTF-8 if that is what its bytes are."""
    try:
        return wire_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        return value


def _request_body(raw: RawExchange) -> Body:
    environ = raw.environ
    content_type = environ.get("CONTENT_TYPE", "")
    declared = environ.get("CONTENT_LENGTH", "")
    length = number(declared)
    encoding = environ.get("HTTP_CONTENT_ENCODING", "")
    if raw.received is None:
        return Body(None, length, length, content_type, omitted="policy")
    received = recorded(raw.received)
    if length is not None and received.size < length:
        if not received.size:
            return Body(None, length, length, content_type, omitted="unread")
        body = recorded_body(received, content_type, encoding, raw.policy, complete=False)
        size = length if body.size == body.wire_size else None
        return replace(body, size=size, wire_size=length, truncated=True)
    if not received.touched and environ.get("HTTP_TRANSFER_ENCODING"):
        return Body(None, None, None, content_type, omitted="unread")
    return recorded_body(received, content_type, encoding, raw.policy)


def _response(raw: RawExchange) -> Response:
    """The response as the client saw it: an app that raised before any byte gave a 500."""
    status = raw.status or ""
    status_code, text = status_code_of(status), status.partition(" ")[2]
    if not status or (raw.raised and not (raw.sent is not None and recorded(raw.sent).size)):
        status_code, text = _SERVER_ERROR, "Internal Server Error"
    given = raw.response_headers
    headers = tuple([(name, value if value.isascii() else _text(value)) for name, value in given])
    return Response(status_code, text, headers, _response_body(raw, given, status_code))


def _response_body(raw: RawExchange, given: Headers, status_code: int) -> Body:
    # Of two fields of one name the first counts.
    known = {name.lower(): value for name, value in reversed(given)}
    content_type = known.get("content-type", "")
    sent = None if raw.sent is None else recorded(raw.sent)
    if raw.environ.get("REQUEST_METHOD") == "HEAD" or status_code in _BODILESS:
        return Body(content_type=content_type)
    if raw.sent_omitted is not None:
        size = sent.size if sent is not None and sent.size else None
        declared = number(known.get("content-length", ""))
        size = size if declared is None else declared
        return Body(None, size, size, content_type, omitted=raw.sent_omitted)
    if sent is None:
        return Body(None, None, None, content_type, omitted="policy")
    if not raw.policy.capture_response_body and sent.size:
        return Body(None, sent.size, sent.size, content_type, omitted="policy")
    return recorded_body(sent, content_type, known.get("content-encoding", ""), raw.policy)


def recorded_body(
    body: Recorded,
    content_type: str,
    encoding: str,
    policy: CapturePolicy,
    *,
    complete: bool = True,
) -> Body:
    """Return what was recorded, with the ``encoding`` taken off where that can be.

    ``complete``: whether all of the body passed.
    """
    content, size = body.content, body.size
    encoding = encoding and encoding.strip().lower()
    if not size or encoding in ("", "identity"):
        return Body(content, size, size, content_type, truncated=body.truncated)
    if is_supported(encoding):
        complete = complete and not body.truncated
        decoded = decode(content, encoding, policy.max_body_bytes, complete=complete)
        if decoded.content is not None:
            truncated = decoded.size is None or decoded.size > len(decoded.content)
            return Body(decoded.content, decoded.size, size, content_type, truncated)
    return Body(content, None, size, content_type, body.truncated, content_encoding=encoding)
