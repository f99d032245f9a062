"""OTLP over HTTP, in protobuf and in JSON: the spans of HTTP exchanges, read to exchanges.

A span that is of no HTTP exchange is left out: it is the inspector of those, not of traces.
Attributes are those of OpenTelemetry's semantic conventions, old and new, and APIToolkit's.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from ...exceptions import MissingExtraError
from ...exchange import ErrorRecord, Exchange, Group, Timings
from .attributes import request_of, response_of, route_of

_CLIENT = {3, "3", "SPAN_KIND_CLIENT"}
_STATUS = ("http.response.status_code", "http.status_code")
_METHOD = ("http.request.method", "http.method")


def exchanges(content: bytes, *, is_json: bool) -> list[Exchange]:
    """Read an ``ExportTraceServiceRequest``.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is none.
        MissingExtraError: protobuf is read by the extra ``[otlp]``.
    """
    document = json.loads(content) if is_json else _from_protobuf(content)
    return [
        found
        for resource in document.get("resourceSpans", ())
        for scope in resource.get("scopeSpans", ())
        for span in scope.get("spans", ())
        if (found := _exchange(span)) is not None
    ]


def _from_protobuf(content: bytes) -> Any:
    """Return the message as OTLP's JSON has it, but for the ids, which stay Base64 here."""
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )
    except ImportError:
        raise MissingExtraError("Reading OTLP in protobuf", "otlp") from None
    try:
        return MessageToDict(ExportTraceServiceRequest.FromString(content))
    except DecodeError as error:
        raise ValueError(str(error)) from None


def _exchange(span: Mapping[str, Any]) -> Exchange | None:
    attributes = dict(_attributes(span))
    if not any(name in attributes for name in _METHOD + _STATUS):
        return None
    started = int(span["startTimeUnixNano"]) / 1e9
    ended = int(span.get("endTimeUnixNano") or 0) / 1e9
    trace, own = _hex(span.get("traceId"), 32), _hex(span.get("spanId"), 16)
    parent = _hex(span.get("parentSpanId"), 16)
    is_client = span.get("kind") in _CLIENT
    user = attributes.get("user.id")
    return Exchange(
        id=str(uuid.UUID(trace[:16] + own)),
        started_at=started,
        request=request_of(attributes),
        response=response_of(attributes),
        timings=Timings(max(0.0, ended - started)),
        kind="client" if is_client else "server",
        group=Group(str(user)) if user else None,
        route=route_of(attributes),
        errors=tuple(_errors(span)),
        # A call and the exchange during which it was made are of one trace.
        parent_id=str(uuid.UUID(trace[:16] + parent)) if is_client and parent else None,
        trace_id=trace,
        parent_span_id=parent or None,
    )


def _attributes(owner: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for one in owner.get("attributes", ()):
        yield str(one["key"]), _value(one.get("value", {}))


def _value(value: Mapping[str, Any]) -> Any:
    if "arrayValue" in value:
        return [_value(one) for one in value["arrayValue"].get("values", ())]
    if "intValue" in value:
        return int(value["intValue"])
    return next(iter(value.values()), None)


def _hex(given: object, length: int) -> str:
    """Return an id's hexadecimal digits, whether it came so or as Base64."""
    text = str(given or "")
    if not text:
        return ""
    if len(text) != length:
        try:
            text = base64.b64decode(text, validate=True).hex()
        except binascii.Error as error:
            raise ValueError(f"an id: {error}") from None
    int(text, 16)
    return text.lower().rjust(length, "0")[:length]


def _errors(span: Mapping[str, Any]) -> Iterator[ErrorRecord]:
    for event in span.get("events", ()):
        if event.get("name") == "exception":
            found = dict(_attributes(event))
            type_ = str(found.get("exception.type") or "error")
            message = str(found.get("exception.message") or "")
            trace = str(found.get("exception.stacktrace") or "")
            when = int(event.get("timeUnixNano") or 0) / 1e9
            yield ErrorRecord(type_, message, type_, message, trace, when)
