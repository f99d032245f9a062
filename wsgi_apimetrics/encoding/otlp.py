"""OTLP 1.x over HTTP: protobuf, one ``ExportTraceServiceRequest`` per payload.

A fragment is a whole request of one span. Protobuf joins messages by putting their bytes one
after another ("Last One Wins", and repeated fields add up), so packing needs no decoding.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..exchange import ErrorRecord, Exchange, RedactedExchange
from ..payload import Fragment, Payload
from .semantics import Attribute, Span, is_error, said, span_of

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

MEDIA_TYPE = "application/x-protobuf"
SCOPE = "wsgi_apimetrics"


class OTLPEncoder:
    """Encodes exchanges to spans.

    Args:
        resource: Attributes of what the spans are about: ``service.name`` and the like.
        describe: Says an exchange's name and attributes.
        compressed: Whether payloads are compressed; whoever sends them has to say so.
    """

    def __init__(
        self,
        resource: Mapping[str, str],
        describe: Callable[[Exchange], Span] = span_of,
        *,
        compressed: bool = False,
    ) -> None:
        self._resource = dict(resource)
        self._describe = describe
        self._compressed = compressed

    def encode(self, exchange: RedactedExchange) -> Fragment:
        """Encode one exchange; raises :class:`ValueError` for one that can't be."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        request = ExportTraceServiceRequest()
        spans = request.resource_spans.add()
        spans.resource.attributes.extend(_attributes(self._resource))
        scope = spans.scope_spans.add()
        scope.scope.name = SCOPE
        self._fill(scope.spans.add(), exchange)
        return Fragment(exchange.id, request.SerializeToString())

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        """Join requests to one, compressed if that was asked for."""
        content = b"".join(fragment.content for fragment in fragments)
        return Payload(
            content=gzip.compress(content, 6) if self._compressed else content,
            content_type=MEDIA_TYPE,
            ids=tuple(fragment.id for fragment in fragments),
        )

    def _fill(self, span: Any, exchange: Exchange) -> None:
        described = self._describe(exchange)
        started = round(exchange.started_at * 1e9)
        span.trace_id = bytes.fromhex(exchange.trace_id or exchange.id.replace("-", ""))
        span.span_id = bytes.fromhex(exchange.span_id)
        span.parent_span_id = bytes.fromhex(exchange.parent_span_id or "")
        span.name = _sound(described.name)
        span.kind = span.SPAN_KIND_CLIENT if exchange.kind == "client" else span.SPAN_KIND_SERVER
        span.start_time_unix_nano = started
        span.end_time_unix_nano = started + round(exchange.timings.total * 1e9)
        span.attributes.extend(_attributes(described.attributes))
        if is_error(exchange):
            span.status.code = span.status.STATUS_CODE_ERROR
            span.status.message = _sound(exchange.errors[-1].message) if exchange.errors else ""
        for error in exchange.errors:
            _add_event(span.events.add(), error)


def _add_event(event: Any, error: ErrorRecord) -> None:
    event.name = "exception"
    event.time_unix_nano = round(error.when * 1e9)
    fields = {
        "exception.type": error.type,
        "exception.message": error.message,
        "exception.stacktrace": error.stack_trace,
    }
    event.attributes.extend(_attributes(said(fields)))


def _attributes(values: Mapping[str, Attribute]) -> list[KeyValue]:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    return [KeyValue(key=_sound(name), value=_value(value)) for name, value in values.items()]


def _value(value: Attribute) -> AnyValue:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

    if isinstance(value, str):
        return AnyValue(string_value=_sound(value))
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))


def _sound(text: str) -> str:
    """Return ``text`` as protobuf takes it: a lone surrogate, which has no UTF-8, becomes ?."""
    return text.encode("utf-8", "replace").decode()
