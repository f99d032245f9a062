"""The time range that filters everything: of the last minutes, hours or days, or two times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..store import Store

PRESETS = {"15m": 900.0, "1h": 3600.0, "6h": 21600.0, "24h": 86400.0, "7d": 604800.0}
"""What the page offers, in seconds."""

ALL = "all"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``since`` to before ``until``, in Unix time.

    Attributes:
        name: A name of :data:`PRESETS`, ``all``, or ``""`` for two times of the user's own.
        is_live: Whether it ends now and moves on.
    """

    since: float
    until: float
    name: str

    @property
    def is_live(self) -> bool:
        """Whether new exchanges come into it."""
        return bool(self.name)


def time_range(args: Mapping[str, str], store: Store | None, now: float) -> TimeRange:
    """Return the range that an address asks for; what is no time there counts as not given.

    Without one it is the shortest on offer that holds everything in the store.
    """
    since, until = moment(args.get("since")), moment(args.get("until"))
    if since is not None and (until is None or until > since):
        return TimeRange(since, until if until is not None else now, "")
    name = args.get("last", "")
    if name in PRESETS:
        return TimeRange(now - PRESETS[name], now, name)
    oldest, newest = (None if store is None else store.span()) or (now, now)
    if name != ALL:
        for preset, seconds in PRESETS.items():
            if oldest >= now - seconds:
                return TimeRange(now - seconds, now, preset)
    return TimeRange(min(oldest, now - 60), max(now, newest + 1), ALL)


def moment(text: str | None) -> float | None:
    """Return a time as a Unix time: a number already, or a date and time of ISO 8601."""
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        try:
            found = datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
        except (ValueError, OverflowError):
            return None
    return found if 0 <= found < 1e11 else None
