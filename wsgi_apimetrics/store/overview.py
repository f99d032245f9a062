"""What happened in a time range, from the counts that were kept while writing.

Whole hours come from the counts by hour, the edges from those by minute; the time range is
widened to whole minutes. The slowest and the largest come from the marks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from . import listing
from .rows import Summary, summary
from .slots import percentile, unpacked
from .tally import HOUR, MINUTE

_SHARES = (0.5, 0.95, 0.99)
_SUMS = (
    "sum(count), sum(client_errors), sum(server_errors), sum(duration), max(longest), "
    "sum(request_bytes), sum(response_bytes)"
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a time range or over one value in it. Durations in seconds, sizes in bytes."""

    count: int = 0
    client_errors: int = 0
    server_errors: int = 0
    duration: float = 0.0
    longest: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0

    @property
    def error_rate(self) -> float:
        """The share that was answered 5xx."""
        return self.server_errors / self.count if self.count else 0.0

    @property
    def errors(self) -> int:
        """What was answered 4xx or 5xx."""
        return self.client_errors + self.server_errors

    @property
    def mean_duration(self) -> float:
        """Seconds."""
        return self.duration / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Period:
    """One time range: its totals, and percentiles of durations (``None`` if it is empty)."""

    since: float
    until: float
    totals: Totals
    p50: float | None
    p95: float | None
    p99: float | None

    @property
    def per_minute(self) -> float:
        """Exchanges a minute, on average."""
        return self.totals.count * 60 / max(self.until - self.since, 1)


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a plot; ``step`` seconds from ``start`` on."""

    start: int
    step: int
    totals: Totals
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet; ``p95`` for endpoints only, ``label`` for callers only.

    ``before`` are its sums over the period before, in an overview.
    """

    value: str
    totals: Totals
    p95: float | None = None
    label: str | None = None
    before: Totals = Totals()


@dataclass(frozen=True, slots=True)
class Overview:
    """A time range at one glance.

    Attributes:
        now: The range itself; ``before`` the one of the same length before it.
        points: The plot; steps without an exchange are left out.
        endpoints: ``METHOD route``, the most frequent first; so are the others.
        slowest: By duration; ``largest`` by the response's size.
    """

    now: Period
    before: Period
    points: tuple[Point, ...]
    endpoints: tuple[Value, ...]
    callers: tuple[Value, ...]
    statuses: tuple[Value, ...]
    hosts: tuple[Value, ...]
    slowest: tuple[Summary, ...]
    largest: tuple[Summary, ...]


def overview(connection: sqlite3.Connection, since: float, until: float, at_most: int) -> Overview:
    """Return the overview of a range; ``at_most`` values of each kind."""
    start, end = int(since // MINUTE) * MINUTE, -int(-until // MINUTE) * MINUTE
    earlier = 2 * start - end

    def compared(facet: str, at_most: int) -> tuple[Value, ...]:
        found = top(connection, facet, start, end, at_most)
        sums = _sums_of(connection, facet, [one.value for one in found], earlier, start)
        return tuple(replace(one, before=sums.get(one.value, Totals())) for one in found)

    return Overview(
        now=period(connection, start, end),
        before=period(connection, earlier, start),
        points=_points(connection, start, end),
        endpoints=compared("endpoint", at_most),
        callers=compared("caller", at_most),
        statuses=compared("status", 100),
        hosts=compared("host", at_most),
        slowest=_most(connection, "duration", start, end, at_most),
        largest=_most(connection, "response_size", start, end, at_most),
    )


def ranges(since: int, until: int) -> list[tuple[int, int, int]]:
    """Split a range into parts of one ``span`` each: whole hours, and minutes at the edges.

    >>> ranges(3540, 7260)
    [(60, 3540, 3600), (3600, 3600, 7200), (60, 7200, 7260)]
    """
    first, last = -(-since // HOUR) * HOUR, until // HOUR * HOUR
    if first >= last:
        return [(MINUTE, since, until)]
    parts = [(MINUTE, since, first), (HOUR, first, last), (MINUTE, last, until)]
    return [part for part in parts if part[1] < part[2]]


def union(columns: str, facet: str, since: int, until: int) -> tuple[str, list[str | int]]:
    """Return a sub-query that reads ``columns`` of a ``facet``'s counts over a range's parts.

    The values of the sub-query's parameters are returned with it.
    """
    select = (
        f"SELECT {columns} FROM tally "  # noqa: S608
        "WHERE span = ? AND facet = ? AND start >= ? AND start < ?"
    )
    parts = ranges(since, until)
    values = [value for span, start, end in parts for value in (span, facet, start, end)]
    return " UNION ALL ".join([select] * len(parts)), values


def period(connection: sqlite3.Connection, since: int, until: int) -> Period:
    """Return the totals of a range in whole minutes."""
    inner, values = union("*", "all", since, until)
    row = connection.execute(f"SELECT {_SUMS} FROM ({inner})", values).fetchone()  # noqa: S608
    slots = [slots for (slots,) in connection.execute(*union("slots", "all", since, until))]
    return Period(since, until, _totals(row), *_percentiles(slots))


def top(
    connection: sqlite3.Connection, facet: str, since: int, until: int, at_most: int
) -> tuple[Value, ...]:
    """Return the most frequent values of a facet (a name of :data:`.tally.FACETS`)."""
    inner, values = union("*", facet, since, until)
    rows = connection.execute(
        f"SELECT value, {_SUMS} FROM ({inner}) "  # noqa: S608
        f"GROUP BY value ORDER BY sum(count) DESC, value LIMIT {int(at_most)}",
        values,
    ).fetchall()
    found = tuple(Value(row[0], _totals(row[1:])) for row in rows)
    if facet == "caller":
        return tuple(replace(one, label=_label(connection, one.value)) for one in found)
    if facet != "endpoint":
        return found
    slots = _slots_of(connection, [one.value for one in found], since, until)
    return tuple(replace(one, p95=_percentiles(slots[one.value])[1]) for one in found)


def _label(connection: sqlite3.Connection, caller: str) -> str | None:
    row = connection.execute("SELECT label FROM caller WHERE id = ?", (caller,)).fetchone()
    return None if row is None else row[0]


def _sums_of(
    connection: sqlite3.Connection, facet: str, named: list[str], since: int, until: int
) -> dict[str, Totals]:
    """Return the totals of some values of a facet, of those that were counted."""
    inner, values = union("*", facet, since, until)
    rows = connection.execute(
        f"SELECT value, {_SUMS} FROM ({inner}) "  # noqa: S608
        f"WHERE value IN ({', '.join('?' * len(named))}) GROUP BY value",
        [*values, *named],
    )
    return {row[0]: _totals(row[1:]) for row in rows}


def _slots_of(
    connection: sqlite3.Connection, endpoints: list[str], since: int, until: int
) -> dict[str, list[bytes]]:
    """Return what was counted of the durations of some endpoints."""
    inner, values = union("value, slots", "endpoint", since, until)
    named = ", ".join("?" * len(endpoints))
    found: dict[str, list[bytes]] = {endpoint: [] for endpoint in endpoints}
    for endpoint, slots in connection.execute(
        f"SELECT value, slots FROM ({inner}) WHERE value IN ({named})",  # noqa: S608
        [*values, *endpoints],
    ):
        found[endpoint].append(slots)
    return found


def _points(connection: sqlite3.Connection, since: int, until: int) -> tuple[Point, ...]:
    """Return the plot's steps: minutes up to six hours, then hours or more."""
    length = until - since
    span = MINUTE if length <= 6 * HOUR else HOUR
    step = span * max(1, -(-length // (span * 400)))
    where = "FROM tally WHERE span = ? AND facet = 'all' AND start > ? AND start < ?"
    rows = connection.execute(
        f"SELECT start / ? * ? AS step, {_SUMS} {where} GROUP BY step ORDER BY step",
        (step, step, span, since - span, until),
    ).fetchall()
    slots: dict[int, list[bytes]] = {}
    for start, counted in connection.execute(
        f"SELECT start / ? * ?, slots {where}", (step, step, span, since - span, until)
    ):
        slots.setdefault(start, []).append(counted)
    return tuple(
        Point(row[0], step, _totals(row[1:]), *_percentiles(slots.get(row[0], ()))) for row in rows
    )


def _most(
    connection: sqlite3.Connection, column: str, since: int, until: int, at_most: int
) -> tuple[Summary, ...]:
    """Return the exchanges with the most of a ``column``."""
    return tuple(summary(row) for row in listing.most(connection, column, since, until, at_most))


def _percentiles(slots: Iterable[bytes]) -> list[float | None]:
    counted = sorted(unpacked(slots).items())
    return [percentile(counted, share) for share in _SHARES]


def _totals(row: tuple[Any, ...]) -> Totals:
    return Totals(*(value or 0 for value in row))
