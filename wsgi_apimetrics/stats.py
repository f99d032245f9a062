"""What happened to what was captured: counters, and the closed list of reasons for a drop.

The conservation law that the tests hold every backend to, in each process::

    captured + adopted = delivered + dead_lettered + dropped (by reason) + queue_depth + spooled

A leaf: standard library only.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from time import gmtime, strftime
from types import MappingProxyType
from typing import NamedTuple


class DropReason(enum.Enum):
    """Why an exchange was given up. Every drop is counted under one of these."""

    QUEUE_FULL = "queue_full"
    SAMPLED = "sampled"
    EXCLUDED = "excluded"
    SKIPPED = "skipped"
    NO_GROUP = "no_group"
    GROUPING_FAILED = "grouping_failed"
    HOOK_DROPPED = "hook_dropped"
    HOOK_FAILED = "hook_failed"
    REDACTION_FAILED = "redaction_failed"
    ENCODING_FAILED = "encoding_failed"
    TOO_LARGE = "too_large"
    REFUSED = "refused"
    SHUTDOWN = "shutdown"
    FORKED = "forked"
    SPOOL_FULL = "spool_full"
    SPOOL_EXPIRED = "spool_expired"
    SPOOL_DAMAGED = "spool_damaged"
    NOT_CONFIGURED = "not_configured"
    CAPTURE_FAILED = "capture_failed"

    @property
    def was_asked_for(self) -> bool:
        """Whether the user's own word lies behind it: nothing is amiss then."""
        return self in _ASKED_FOR


_ASKED_FOR = frozenset(
    {
        DropReason.SAMPLED,
        DropReason.EXCLUDED,
        DropReason.SKIPPED,
        DropReason.NO_GROUP,
        DropReason.HOOK_DROPPED,
    }
)


_NONE: Mapping[str, int] = MappingProxyType({})


class BackendStats(NamedTuple):
    """One backend's counters at one moment. Counts are exchanges since the process began.

    Attributes:
        captured: Every exchange that came, also one that was not wanted (a drop with a reason).
        delivered: The backend said that it has them.
        retried: Sent again, once for each time.
        spooled: On disk, and this process's to send.
        adopted: Taken over from the spool of a process that ended, less what others took over
            from this one.
        dead_lettered: Refused for good, set aside with the backend's answer.
        dropped: Given up, by :class:`DropReason`.
        omitted_bodies: Bodies left out, by reason.
        queue_depth: Waiting in memory; ``queue_bytes`` what they hold.
        last_success: Unix time in seconds, like ``last_error_at``.
        last_error: What went wrong last; never holds a key or a body.
    """

    captured: int = 0
    delivered: int = 0
    retried: int = 0
    spooled: int = 0
    adopted: int = 0
    dead_lettered: int = 0
    dropped: Mapping[str, int] = _NONE
    omitted_bodies: Mapping[str, int] = _NONE
    queue_depth: int = 0
    queue_bytes: int = 0
    last_success: float | None = None
    last_error: str | None = None
    last_error_at: float | None = None

    def summary(self) -> str:
        """Return everything as one line for a log; times are UTC."""
        error = f"{self.last_error} at {_moment(self.last_error_at)}" if self.last_error else "none"
        return (
            f"captured {self.captured}, adopted {self.adopted}, delivered {self.delivered},"
            f" retried {self.retried}, spooled {self.spooled}, dead letters {self.dead_lettered},"
            f" waiting {self.queue_depth} ({self.queue_bytes} bytes),"
            f" dropped {_listed(self.dropped)}, bodies left out {_listed(self.omitted_bodies)},"
            f" last success {_moment(self.last_success)}, last error {error}"
        )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items())) or "none"


def _moment(seconds: float | None) -> str:
    return "never" if seconds is None else strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))
