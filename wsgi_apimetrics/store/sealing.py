"""Making the marks of a block that is full, and taking them away again.

Marks are made of the rows before the lock is taken, and written only if all rows are still there.
"""

from __future__ import annotations

import heapq
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import marks
from .connection import transaction
from .slots import slot_of

_TEXTS = (
    "id",
    "kind",
    "method",
    "scheme",
    "host",
    "path",
    "endpoint",
    "caller",
    "client_address",
    "framework",
    "request_type",
    "response_type",
    "error_type",
    "parent_id",
    "trace_id",
)
GOING = 500
"""The blocks of so many of the oldest exchanges stay open: they are pruned next."""


def seal_next(connection: sqlite3.Connection) -> bool:
    """Seal one full block that is not sealed; whether there was one.

    Blocks from which exchanges are about to be pruned are left open.
    """
    lowest, highest = marks.ends(connection)
    if highest is None:
        return False
    for first, last in marks.open_ranges(connection):
        for number in range(
            min(last, highest + 1 - marks.SIZE) >> marks.BITS, (first >> marks.BITS) - 1, -1
        ):
            if number not in _going(connection, lowest):
                seal(connection, number)
                return True
    return False


def seal(connection: sqlite3.Connection, number: int) -> None:
    """Seal a block that gets no more exchanges."""
    first = number << marks.BITS
    bounds = (first, first + marks.SIZE - 1)
    rows = connection.execute(
        f"SELECT {', '.join(_SELECTED)} FROM exchange WHERE seq BETWEEN ? AND ?",  # noqa: S608
        bounds,
    ).fetchall()
    times = [row[1] for row in rows]
    made = sorted(_marks(rows, first), key=lambda mark: mark[:2])
    with transaction(connection):
        # Another process may have pruned it, or sealed it, meanwhile.
        left = connection.execute(
            "SELECT count(*) FROM exchange WHERE seq BETWEEN ? AND ?", bounds
        ).fetchone()[0]
        if left != len(rows):
            return
        since, until = min(times, default=0.0), max(times, default=0.0)
        added = connection.execute(
            "INSERT INTO block VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (number, since, until)
        )
        if added.rowcount:
            connection.executemany(
                "INSERT INTO mark VALUES (?, ?, ?, ?)", ((number, *mark) for mark in made)
            )


def unseal(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Open blocks again, inside the caller's transaction."""
    for number in numbers:
        if connection.execute("DELETE FROM block WHERE number = ?", (number,)).rowcount:
            connection.execute("DELETE FROM mark WHERE block = ?", (number,))


def _marks(rows: list[Any], first: int) -> Iterator[tuple[str, Any, bytes]]:
    """Yield field, value and places, a field after the other: a column is quick to go through."""
    columns = dict(zip(_SELECTED, zip(*rows, strict=True), strict=True)) if rows else {}
    places = [seq - first for seq in columns.get("seq", ())]
    fields = [("", dict.fromkeys([""], places))]
    for field, value_of in _MARKED.items():
        fields.append((field, _by_value(map(value_of, columns.get(field, ())), places)))
    for field in ("duration", "response_size"):
        known = [
            pair for pair in zip(columns.get(field, ()), places, strict=True) if pair[0] is not None
        ]
        most = heapq.nlargest(marks.MOST, known)
        fields.append(
            (f"most {field}", _by_value([pair[0] for pair in most], [pair[1] for pair in most]))
        )
    tags = [
        (tag[: marks.LONGEST], place)
        for place, several in zip(places, columns.get("tags", ()), strict=True)
        for tag in set((several or "").split())
    ]
    fields.append(("tag", _by_value([pair[0] for pair in tags], [pair[1] for pair in tags])))
    for field, found in fields:
        for value, those in found.items():
            yield field, value, _packed(those)


def _by_value(values: Iterable[Any], places: Iterable[int]) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for place, value in zip(places, values, strict=True):
        if value in found:
            found[value].append(place)
        else:
            found[value] = [place]
    found.pop(None, None)
    return found


def _text(value: str | None) -> str | None:
    return None if value is None else value[: marks.LONGEST]


_MARKED: dict[str, Callable[[Any], Any]] = {
    "status": int,
    "status_class": int,
    "duration": slot_of,
    "request_size": lambda size: marks.size_slot(size) if isinstance(size, int) else None,
    "response_size": lambda size: marks.size_slot(size) if isinstance(size, int) else None,
    "aborted": lambda aborted: 1 if aborted else None,
    "redactions": lambda redactions: 1 if redactions else None,
    **dict.fromkeys(_TEXTS, _text),
}
"""Each marked field, and what of a column's value its mark has; ``None``: there is no mark."""

_SELECTED = ("seq", "started_at", "tags", *_MARKED)
_SINGLE = struct.Struct("<H")


def _packed(places: list[int]) -> bytes:
    if len(places) == 1:
        return _SINGLE.pack(places[0])
    if len(places) <= marks.LISTED:
        return struct.pack(f"<{len(places)}H", *places)
    bits = bytearray(marks.SIZE // 8)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def _going(connection: sqlite3.Connection, lowest: int) -> set[int]:
    """Return the blocks of the oldest exchanges, which go first."""
    oldest = connection.execute("SELECT seq FROM exchange ORDER BY started_at LIMIT ?", (GOING,))
    return {lowest >> marks.BITS, *(seq >> marks.BITS for (seq,) in oldest)}
