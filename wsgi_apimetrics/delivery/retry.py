"""What to do about an outcome: a pure function of the outcome, the attempt and the time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryTable:
    """Which statuses are worth another try; a backend's protocol may name its own."""

    retry: frozenset[int] = frozenset({408, 425, 429, *range(500, 600)})
