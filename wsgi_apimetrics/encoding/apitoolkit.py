"""APIToolkit's message: what its server takes from a Pub/Sub topic.

One field that the server's parser does not like and it drops the whole message, without a word
to whoever sent it; so every field here is of the type that the parser reads
(``RequestMessage`` in the server's ``ProcessMessage.hs``). Two of them differ from what the
vendor's SDKs send, because of what the server makes of them: ``timestamp`` is the start of the
request, and bodies are JSON documents.

A fragment is a message without ``project_id``, which only the transport knows: it comes with
the key's metadata. A payload is one message per line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl

from ..exchange import ErrorRecord, Exchange, RedactedExchange
from ..payload import Fragment, Payload
from .document import compact, document, first, multiple

MEDIA_TYPE = "application/x-ndjson"
"""The type of a payload: one message per line, see the module."""

_SDK_TYPES = {
    "django": "PythonDjango",
    "flask": "PythonFlask",
    "pyramid": "PythonPyramid",
}
_NOT_FOUND = 404
_VERSION = re.compile(r"(\d{1,3})(?:\.(\d{1,3}))?")


class APIToolkitEncoder:
    """Encodes exchanges to messages.

    Args:
        service_version: The version of the app, if it is to be sent.
        tags: Words to put on every message.
    """

    def __init__(self, service_version: str | None = None, tags: Sequence[str] = ()) -> None:
        self._service_version = service_version
        self._tags = tuple(tags)

    def encode(self, exchange: RedactedExchange) -> Fragment:
        """Encode one exchange; raises :class:`ValueError` for one that can't be."""
        return Fragment(exchange.id, compact(self._message(exchange)))

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        """Join messages by line ends, of which none holds one."""
        return Payload(
            content=b"\n".join(fragment.content for fragment in fragments),
            content_type=MEDIA_TYPE,
            ids=tuple(fragment.id for fragment in fragments),
        )

    def _message(self, exchange: Exchange) -> dict[str, Any]:
        request, response = exchange.request, exchange.response
        major, minor = _version(request.protocol_version)
        return {
            "duration": round(exchange.timings.total * 1e9),
            "errors": [error_fields(error) for error in exchange.errors],
            "host": request.host,
            "method": request.method,
            "msg_id": exchange.id,
            "parent_id": exchange.parent_id,
            "path_params": {name: str(value) for name, value in exchange.path_params.items()},
            "proto_major": major,
            "proto_minor": minor,
            "query_params": query_params(request.query),
            "raw_url": request.target,
            "referer": first(request.headers, "referer"),
            "request_body": document(request.body),
            "request_headers": multiple(list(request.headers)),
            "response_body": document(response.body),
            "response_headers": multiple(list(response.headers)),
            "sdk_type": sdk_type(exchange),
            "service_version": self._service_version,
            "status_code": response.status_code,
            "tags": [*self._tags, *exchange.tags],
            "timestamp": _timestamp(exchange.started_at),
            "url_path": url_path(exchange),
        }


def sdk_type(exchange: Exchange) -> str:
    """Return the server's word for where an exchange was seen; it refuses words of its own."""
    if exchange.kind == "client":
        return "PythonOutgoing"
    return _SDK_TYPES.get(exchange.framework or "", "SDKUnknown")


def url_path(exchange: Exchange) -> str | None:
    """Return the route's template; where there is no router, the path; nothing for a 404."""
    if exchange.route is None and exchange.response.status_code == _NOT_FOUND:
        return None
    return exchange.route or exchange.request.path


def query_params(query: str) -> dict[str, list[str]]:
    """Return the values of each parameter, in order."""
    params: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        params.setdefault(name, []).append(value)
    return params


def error_fields(error: ErrorRecord) -> dict[str, str]:
    """Return the six fields of an error that the server requires."""
    return {
        "when": _timestamp(error.when),
        "error_type": error.type,
        "root_error_type": error.root_type,
        "message": error.message,
        "root_error_message": error.root_message,
        "stack_trace": error.stack_trace,
    }


def _timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _version(protocol_version: str) -> tuple[int, int]:
    match = _VERSION.fullmatch(protocol_version)
    return (int(match[1]), int(match[2] or 0)) if match else (1, 1)
