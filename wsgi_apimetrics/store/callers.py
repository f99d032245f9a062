"""Who calls: with what, how often, with which errors."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass

from . import listing
from .conditions import Filter
from .overview import Totals, top
from .tally import MINUTE

_RECENT = 20_000
"""A caller's details are those of so many of its newest exchanges."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller, as the grouping function named it; times are Unix times in seconds."""

    id: str
    label: str | None
    email: str | None
    first_seen: float
    last_seen: float
    totals: Totals


@dataclass(frozen=True, slots=True)
class CallerDetail:
    """What one caller did: how often each endpoint and status, and from which addresses.

    ``endpoints`` and ``errors`` are ``METHOD route`` with counts, the most frequent first;
    ``errors`` counts what was answered 4xx or 5xx, as ``404 METHOD route``.
    """

    caller: Caller
    endpoints: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[int, int], ...]
    errors: tuple[tuple[str, int], ...]
    addresses: tuple[tuple[str, int], ...]


def frequent_callers(
    connection: sqlite3.Connection, since: float, until: float, at_most: int
) -> tuple[Caller, ...]:
    """Return the most frequent callers of a range."""
    start, end = int(since // MINUTE) * MINUTE, -int(-until // MINUTE) * MINUTE
    found = (
        _known(connection, value.value, value.totals)
        for value in top(connection, "caller", start, end, at_most)
    )
    return tuple(caller for caller in found if caller is not None)


def caller_detail(
    connection: sqlite3.Connection, id_: str, since: float, until: float
) -> CallerDetail | None:
    """Return one caller's details, ``None`` if it is not known."""
    wanted = Filter(caller=(id_,), since=since, until=until)
    rows = [
        connection.execute(
            "SELECT method || ' ' || endpoint, status, duration, request_size, response_size, "
            "client_address FROM exchange WHERE seq = ?",
            (seq,),
        ).fetchone()
        for _, seq in listing.keys(connection, wanted, None, _RECENT)[0]
    ]
    totals = Totals(
        count=len(rows),
        client_errors=sum(400 <= row[1] < 500 for row in rows),
        server_errors=sum(500 <= row[1] < 600 for row in rows),
        duration=sum(row[2] for row in rows),
        longest=max((row[2] for row in rows), default=0.0),
        request_bytes=sum(row[3] or 0 for row in rows),
        response_bytes=sum(row[4] or 0 for row in rows),
    )
    found = _known(connection, id_, totals)
    if found is None:
        return None
    return CallerDetail(
        found,
        endpoints=tuple(Counter(row[0] for row in rows).most_common()),
        statuses=tuple(Counter(row[1] for row in rows).most_common()),
        errors=tuple(Counter(f"{row[1]} {row[0]}" for row in rows if row[1] >= 400).most_common()),
        addresses=tuple(Counter(row[5] for row in rows if row[5]).most_common(20)),
    )


def _known(connection: sqlite3.Connection, id_: str, totals: Totals) -> Caller | None:
    row = connection.execute(
        "SELECT id, label, email, first_seen, last_seen FROM caller WHERE id = ?", (id_,)
    ).fetchone()
    return None if row is None else Caller(row[0], row[1], row[2], row[3], row[4], totals)
