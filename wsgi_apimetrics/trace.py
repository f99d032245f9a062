"""Which trace an exchange belongs to: W3C Trace Context, level 1, read and never required.

An incoming ``traceparent`` is believed as far as it is valid; without one the exchange begins
a trace of its own, whose id is the exchange's. A leaf: standard library only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


class Trace(NamedTuple):
    """An exchange's place in a trace: 32 hexadecimal digits, and its parent's 16 or ``None``."""

    trace_id: str
    parent_span_id: str | None


def trace_of(traceparent: str | None, exchange_id: str) -> Trace:
    """Return the trace that a ``traceparent`` header names, else the exchange's own.

    Invalid are, by section 3.2.2 of Trace Context: version ``ff``, ids of zeros only, capital
    letters, and more fields than four in version ``00``.

    >>> trace_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "...").parent_span_id
    'b7ad6b7169203331'
    >>> trace_of(None, "7a3c1c1e-93b4-4a5f-8d3e-0123456789ab")
    Trace(trace_id='7a3c1c1e93b44a5f8d3e0123456789ab', parent_span_id=None)
    """
    own = Trace(exchange_id.replace("-", ""), None)
    match = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    if match is None:
        return own
    version, trace_id, span_id, more = match.groups()
    valid = version != "ff" and int(trace_id, 16) and int(span_id, 16)
    return Trace(trace_id, span_id) if valid and not (version == "00" and more) else own
