"""What vendors' SDKs send, taken as their servers would, into a store of its own."""

from __future__ import annotations

from .taking import Ingest

__all__ = ["Ingest"]
