"""Why a body under a rule is left out: it can't be read for certain."""

from __future__ import annotations

import enum


class Reason(str, enum.Enum):
    """The closed list of reasons; each is counted, and stands in the marker."""

    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    UNDECODABLE = "undecodable"
    COMPRESSED = "compressed"
    BINARY = "binary"
    TOO_DEEP = "too deep"
    EVENT_STREAM = "event stream"
    UNKNOWN_TYPE = "unknown type"
    DUPLICATE_NAMES = "duplicate names"
    RULE_FAILED = "rule failed"
    TOO_SLOW = "pattern took too long"


class Unreadable(Exception):
    """Raised by whatever reads a body, for the one place that leaves it out."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
