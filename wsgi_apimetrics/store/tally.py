"""Counting while writing: by minute and by hour, so that an overview never scans exchanges.

Durations are counted in slots that grow by a twentieth, so a percentile read off them is within
2.5 % of the true one, whatever the scale.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .rows import COLUMNS

MINUTE, HOUR = 60, 3600
FACETS = ("endpoint", "caller", "status", "method", "host")
"""What is counted by value, besides everything together (facet ``all``)."""

_GROWTH = math.log(1.05)
_SHORTEST = 1e-5
_AT = {name: place - 1 for place, name in enumerate(COLUMNS)}


def slot_of(duration: float) -> int:
    """Return the slot of a duration in seconds; 0 for anything under 10 µs."""
    if duration <= _SHORTEST:
        return 0
    return 1 + int(math.log(duration / _SHORTEST) / _GROWTH)


def duration_of(slot: int) -> float:
    """Return the middle of a slot, in seconds."""
    return _SHORTEST * math.exp((slot - 0.5) * _GROWTH) if slot else _SHORTEST


def percentile(slots: Iterable[tuple[int, int]], share: float) -> float | None:
    """Return the duration under which ``share`` of what was counted lies, in seconds.

    Args:
        slots: Slots and their counts, in the order of the slots.
        share: From 0 to 1.
    """
    counted = tuple(slots)
    rank = math.ceil(share * sum(count for _, count in counted))
    for slot, count in counted:
        rank -= count
        if rank <= 0:
            return duration_of(slot)
    return None


def add(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Count ``rows`` (as :func:`.rows.row_of` makes them), inside the caller's transaction."""
    tallies: dict[tuple[int, str, int, str], list[float]] = {}
    latencies: Counter[tuple[int, str, int, int]] = Counter()
    for row in rows:
        start = int(row[_AT["started_at"]] // MINUTE) * MINUTE
        amounts = _amounts(row)
        for facet, value in _values(row):
            _merge(tallies, (MINUTE, facet, start, value), amounts)
        slot = slot_of(row[_AT["duration"]])
        latencies[MINUTE, _endpoint(row), start, slot] += 1
        latencies[MINUTE, "", start, slot] += 1
    for (_, facet, start, value), minutes in list(tallies.items()):
        _merge(tallies, (HOUR, facet, start // HOUR * HOUR, value), minutes)
    for (_, endpoint, start, slot), count in list(latencies.items()):
        latencies[HOUR, endpoint, start // HOUR * HOUR, slot] += count
    connection.executemany(_ADD_TALLY, ((*key, *amounts) for key, amounts in tallies.items()))
    connection.executemany(_ADD_LATENCY, ((*key, count) for key, count in latencies.items()))


def add_arrivals(
    connection: sqlite3.Connection, rows: Iterable[tuple[int, tuple[Any, ...]]]
) -> None:
    """Note which ``seq`` each minute's exchanges got, inside the caller's transaction."""
    minutes: dict[int, tuple[int, int]] = {}
    for seq, row in rows:
        start = int(row[_AT["started_at"]] // MINUTE) * MINUTE
        first, last = minutes.get(start, (seq, seq))
        minutes[start] = (min(first, seq), max(last, seq))
    connection.executemany(_ADD_ARRIVAL, ((start, *seqs) for start, seqs in minutes.items()))


def seqs_between(
    connection: sqlite3.Connection, since: float | None, until: float | None
) -> tuple[int, int]:
    """Return the lowest and the highest ``seq`` of exchanges that began between two times."""
    if since is None and until is None:
        return 0, 2**62
    first, last = connection.execute(
        "SELECT min(first_seq), max(last_seq) FROM arrival WHERE start > ? AND start < ?",
        (-(2**62) if since is None else since - MINUTE, 2**62 if until is None else until),
    ).fetchone()
    return (1, 0) if first is None else (first, last)


def add_callers(connection: sqlite3.Connection, plains: Iterable[Mapping[str, Any]]) -> None:
    """Note who called, and when last, inside the caller's transaction."""
    callers = []
    for plain in plains:
        group = plain.get("group")
        if group is not None:
            when = plain["started_at"]
            callers.append((group["id"], group.get("label"), group.get("email"), when, when))
    connection.executemany(_ADD_CALLER, callers)


def _endpoint(row: tuple[Any, ...]) -> str:
    return f"{row[_AT['method']]} {row[_AT['endpoint']]}"


def _values(row: tuple[Any, ...]) -> list[tuple[str, str]]:
    values = [("all", ""), ("endpoint", _endpoint(row))]
    for facet in FACETS[1:]:
        value = row[_AT[facet]]
        if value is not None:
            values.append((facet, str(value)[:400]))
    return values


def _amounts(row: tuple[Any, ...]) -> tuple[float, ...]:
    status_class, duration = row[_AT["status_class"]], row[_AT["duration"]]
    return (
        1,
        int(status_class == 4),
        int(status_class == 5),
        duration,
        duration,
        row[_AT["request_size"]] or 0,
        row[_AT["response_size"]] or 0,
    )


def _merge(
    tallies: dict[tuple[int, str, int, str], list[float]],
    key: tuple[int, str, int, str],
    amounts: Sequence[float],
) -> None:
    known = tallies.get(key)
    if known is None:
        tallies[key] = list(amounts)
        return
    longest = max(known[4], amounts[4])
    for place, amount in enumerate(amounts):
        known[place] += amount
    known[4] = longest


_ADD_TALLY = """
INSERT INTO tally (span, facet, start, value, count, client_errors, server_errors, duration,
                   longest, request_bytes, response_bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    count = count + excluded.count,
    client_errors = client_errors + excluded.client_errors,
    server_errors = server_errors + excluded.server_errors,
    duration = duration + excluded.duration,
    longest = max(longest, excluded.longest),
    request_bytes = request_bytes + excluded.request_bytes,
    response_bytes = response_bytes + excluded.response_bytes
"""
_ADD_LATENCY = """
INSERT INTO latency (span, endpoint, start, slot, count) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
_ADD_ARRIVAL = """
INSERT INTO arrival (start, first_seq, last_seq) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET
    first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq)
"""
_ADD_CALLER = """
INSERT INTO caller (id, label, email, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    label = coalesce(excluded.label, label),
    email = coalesce(excluded.email, email),
    first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen)
"""
