"""Redacted exchanges to bytes: pure, no clock, no network, no file.

An encoder accepts nothing unredacted; the type checker proves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..exchange import RedactedExchange
from ..payload import Fragment, Payload


class Encoder(Protocol):
    """One wire format."""

    def encode(self, exchange: RedactedExchange) -> Fragment:
        """Encode one exchange; raises :class:`ValueError` for one that can't be."""
        ...

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        """Join encoded exchanges to what one request carries."""
        ...
