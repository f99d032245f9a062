"""Counting while writing: by minute and by hour, so that an overview never scans exchanges."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .rows import COLUMNS
from .slots import pack, slot_of

MINUTE, HOUR = 60, 3600
FACETS = ("endpoint", "caller", "status", "method", "host")
"""What is counted by value, besides everything together (facet ``all``)."""

_AT = {name: place - 1 for place, name in enumerate(COLUMNS)}


@dataclass(slots=True)
class _Sums:
    """What is counted under one key."""

    count: int = 0
    client_errors: int = 0
    server_errors: int = 0
    duration: float = 0.0
    longest: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0
    slots: dict[int, int] = field(default_factory=dict)

    def add(self, row: tuple[Any, ...], slot: int | None) -> None:
        """Count one row, and its duration's ``slot`` where those are kept."""
        status_class, duration = row[_STATUS_CLASS], row[_DURATION]
        self.count += 1
        if status_class == 4:
            self.client_errors += 1
        elif status_class == 5:
            self.server_errors += 1
        self.duration += duration
        self.longest = max(self.longest, duration)
        self.request_bytes += row[_REQUEST_SIZE] or 0
        self.response_bytes += row[_RESPONSE_SIZE] or 0
        if slot is not None:
            self.slots[slot] = self.slots.get(slot, 0) + 1

    def merge(self, other: _Sums) -> None:
        """Add what another counted."""
        self.count += other.count
        self.client_errors += other.client_errors
        self.server_errors += other.server_errors
        self.duration += other.duration
        self.longest = max(self.longest, other.longest)
        self.request_bytes += other.request_bytes
        self.response_bytes += other.response_bytes
        for slot, count in other.slots.items():
            self.slots[slot] = self.slots.get(slot, 0) + count

    def values(self) -> tuple[Any, ...]:
        """Return the values of the table's columns."""
        return (
            self.count,
            self.client_errors,
            self.server_errors,
            self.duration,
            self.longest,
            self.request_bytes,
            self.response_bytes,
            pack(self.slots),
        )


def add(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Count ``rows`` (as :func:`.rows.row_of` makes them), inside the caller's transaction."""
    sums: dict[tuple[int, str, int, str], _Sums] = {}
    for row in rows:
        start = int(row[_STARTED_AT] // MINUTE) * MINUTE
        slot = slot_of(row[_DURATION])
        for facet, value, counts_slots in _values(row):
            key = (MINUTE, facet, start, value)
            known = sums.get(key)
            if known is None:
                known = sums[key] = _Sums()
            known.add(row, slot if counts_slots else None)
    for (_, facet, start, value), minute in list(sums.items()):
        key = (HOUR, facet, start // HOUR * HOUR, value)
        if key not in sums:
            sums[key] = _Sums()
        sums[key].merge(minute)
    # In the order of the key each page is looked for once.
    connection.executemany(_ADD, ((*key, *sums[key].values()) for key in sorted(sums)))


def add_arrivals(
    connection: sqlite3.Connection, rows: Iterable[tuple[int, tuple[Any, ...]]]
) -> None:
    """Note which ``seq`` each minute's exchanges got, inside the caller's transaction."""
    minutes: dict[int, tuple[int, int]] = {}
    for seq, row in rows:
        start = int(row[_STARTED_AT] // MINUTE) * MINUTE
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
    callers: dict[str, tuple[Any, Any, float, float]] = {}
    for plain in plains:
        group = plain.get("group")
        if group is None:
            continue
        when = plain["started_at"]
        label, email, first, last = callers.get(group["id"], (None, None, when, when))
        callers[group["id"]] = (
            group.get("label", label),
            group.get("email", email),
            min(first, when),
            max(last, when),
        )
    connection.executemany(_ADD_CALLER, ((id_, *seen) for id_, seen in callers.items()))


def _values(row: tuple[Any, ...]) -> list[tuple[str, str, bool]]:
    """Return the facets of a row with their values, and whether durations are kept for them."""
    values = [("all", "", True), ("endpoint", f"{row[_METHOD]} {row[_ENDPOINT]}", True)]
    for facet, at in _FACETS_AT:
        value = row[at]
        if value is not None:
            values.append((facet, str(value)[:400], False))
    return values


_STARTED_AT, _DURATION, _STATUS_CLASS = _AT["started_at"], _AT["duration"], _AT["status_class"]
_REQUEST_SIZE, _RESPONSE_SIZE = _AT["request_size"], _AT["response_size"]
_METHOD, _ENDPOINT = _AT["method"], _AT["endpoint"]
_FACETS_AT = tuple((facet, _AT[facet]) for facet in FACETS[1:])

_ADD = """
INSERT INTO tally (span, facet, start, value, count, client_errors, server_errors, duration,
                   longest, request_bytes, response_bytes, slots)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    count = count + excluded.count,
    client_errors = client_errors + excluded.client_errors,
    server_errors = server_errors + excluded.server_errors,
    duration = duration + excluded.duration,
    longest = max(longest, excluded.longest),
    request_bytes = request_bytes + excluded.request_bytes,
    response_bytes = response_bytes + excluded.response_bytes,
    slots = added_slots(slots, excluded.slots)
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
