"""OTLP's answers: a collector may accept a request and turn spans down ("Partial Success")."""

from __future__ import annotations

import gzip
from dataclasses import replace

from ..payload import Outcome
from .answer import Answer


def with_rejected(outcome: Outcome, answer: Answer) -> Outcome:
    """Return ``outcome`` with the spans that an accepting ``answer`` says were rejected.

    What was rejected must not be sent again, and an answer that can't be read rejects nothing
    (OTLP specification, "OTLP/HTTP Response").
    """
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceResponse,
    )

    if not outcome.accepted or not answer.content:
        return outcome
    response = ExportTraceServiceResponse()
    try:
        response.ParseFromString(answer.content)
    except DecodeError:
        return outcome
    partial = response.partial_success
    return replace(
        outcome,
        rejected=max(0, partial.rejected_spans),
        error=_line(partial.error_message) if partial.rejected_spans else "",
    )


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def shown(content: bytes) -> str:
    """Return a payload as text, for the log."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
    )

    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return str(ExportTraceServiceRequest.FromString(content))
