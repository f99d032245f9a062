"""Which exchanges have which value, block by block: the index behind every filter.

A block is 4,096 exchanges in the order in which the store got them. Once it is full it is
sealed: for each value of each field it gets one row of ``mark`` that says where in the block the
exchanges with this value are, as a list of places, or as one bit for each. What is read of them are
numbers whose bit *n* is the exchange at place *n*, so that conditions are joined by ``&``.

All rows of a block lie side by side and are written once, in their order. An index over all
exchanges is instead changed in as many places as there are values, for each exchange
(``docs/decisions/0070``). What is not sealed is looked at row by row.

Whatever deletes an exchange opens its block first (:func:`unseal`): a sealed block is complete.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .connection import transaction
from .slots import slot_of

BITS = 12
SIZE = 1 << BITS
"""Exchanges in a block."""

LONGEST = 200
"""So much of a text is in a mark; longer ones are looked at."""

LAST = "\U0010ffff"
"""Sorts after every text and every number that a mark may have."""

_TEXTS = (
    "id",
    "kind",
    "method",
    "host",
    "path",
    "endpoint",
    "caller",
    "client_address",
    "framework",
    "response_type",
    "error_type",
    "parent_id",
    "trace_id",
)
MOST = 50
"""So many of a block's slowest, and of its largest, are marked with their exact value."""

GOING = 500
"""The blocks of so many of the oldest exchanges stay open: they are pruned next."""

LISTED = 96
"""Of more places than these, bits take less room."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What to look for in one field's marks.

    Attributes:
        spans: First and last value of each range.
        unsure: Those of the ranges in which not each exchange need meet the condition.
        negated: Whether it is the others that are wanted.
    """

    field: str
    spans: tuple[tuple[Any, Any], ...]
    unsure: tuple[tuple[Any, Any], ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed block; ``since`` and ``until`` are the first and the last ``started_at``."""

    number: int
    since: float
    until: float

    @property
    def first(self) -> int:
        """The lowest ``seq`` that belongs to it."""
        return self.number << BITS

    @property
    def last(self) -> int:
        """The highest ``seq`` that belongs to it."""
        return (self.number << BITS) + SIZE - 1


def blocks(connection: sqlite3.Connection) -> list[Block]:
    """Return the sealed blocks, the one with the newest exchange first."""
    rows = connection.execute("SELECT number, since, until FROM block ORDER BY until DESC")
    return [Block(*row) for row in rows]


def open_ranges(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Return the ranges of ``seq`` in which exchanges are not sealed, the newest first."""
    lowest, highest = _ends(connection)
    if highest is None:
        return []
    sealed = connection.execute("SELECT number FROM block ORDER BY number DESC")
    ranges = []
    upto = highest >> BITS
    for (number,) in sealed:
        if number < upto:
            ranges.append(((number + 1) << BITS, ((upto + 1) << BITS) - 1))
        upto = min(upto, number - 1)
    if upto >= lowest >> BITS:
        ranges.append((lowest, ((upto + 1) << BITS) - 1))
    return ranges


def exchanges(connection: sqlite3.Connection) -> int:
    """Return how many exchanges there are, without reading each."""
    found = 0
    for block in blocks(connection):
        found += _union(connection, block.number, "", (("", ""),)).bit_count()
    for bounds in open_ranges(connection):
        found += connection.execute(
            "SELECT count(*) FROM exchange NOT INDEXED WHERE seq BETWEEN ? AND ?", bounds
        ).fetchone()[0]
    return found


def look_up(
    connection: sqlite3.Connection, number: int, lookups: Iterable[Lookup]
) -> tuple[int, int]:
    """Return the bits of a block's exchanges that meet all ``lookups``, and which are unsure."""
    found, unsure = -1, 0
    for lookup in lookups:
        bits = _union(connection, number, lookup.field, lookup.spans)
        if lookup.unsure:
            doubted = _union(connection, number, lookup.field, lookup.unsure)
            bits |= doubted
            unsure |= doubted
        found &= ~bits if lookup.negated else bits
        if not found:
            return 0, 0
    if found < 0:
        found &= _union(connection, number, "", (("", ""),))
    return found, found & unsure


def seqs(number: int, bits: int) -> Iterator[int]:
    """Yield the ``seq`` of each bit, the newest first."""
    first = number << BITS
    while bits:
        place = bits.bit_length() - 1
        bits ^= 1 << place
        yield first + place


def most(
    connection: sqlite3.Connection, number: int, column: str, at_most: int
) -> list[tuple[float, int]]:
    """Return the highest values of a ``column`` in a block, each with its ``seq``."""
    rows = connection.execute(
        "SELECT value, places FROM mark WHERE block = ? AND field = ? ORDER BY value DESC LIMIT ?",
        (number, f"most {column}", at_most),
    )
    return [(value, seq) for value, packed in rows for seq in seqs(number, bits_of(packed))]


def seal_next(connection: sqlite3.Connection) -> bool:
    """Seal one full block that is not sealed; whether there was one.

    Blocks from which exchanges are about to be pruned are left open.
    """
    lowest, highest = _ends(connection)
    if highest is None:
        return False
    for first, last in open_ranges(connection):
        for number in range(min(last, highest + 1 - SIZE) >> BITS, (first >> BITS) - 1, -1):
            if number not in _going(connection, lowest):
                seal(connection, number)
                return True
    return False


def seal(connection: sqlite3.Connection, number: int) -> None:
    """Seal a block that gets no more exchanges."""
    first = number << BITS
    bounds = (first, first + SIZE - 1)
    rows = connection.execute(
        f"SELECT {', '.join(_SELECTED)} FROM exchange WHERE seq BETWEEN ? AND ?",  # noqa: S608
        bounds,
    ).fetchall()
    times = [row[1] for row in rows]
    marks = sorted(_marks(rows, first), key=lambda mark: mark[:2])
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
                "INSERT INTO mark VALUES (?, ?, ?, ?)", ((number, *mark) for mark in marks)
            )


def unseal(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Open blocks again, inside the caller's transaction."""
    for number in numbers:
        if connection.execute("DELETE FROM block WHERE number = ?", (number,)).rowcount:
            connection.execute("DELETE FROM mark WHERE block = ?", (number,))


def size_slot(size: int) -> int:
    """Return the slot of a size in bytes: an eighth of a power of two."""
    return int(math.log2(max(0, size) + 1) * 8)


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
        most = heapq.nlargest(MOST, known)
        fields.append(
            (f"most {field}", _by_value([pair[0] for pair in most], [pair[1] for pair in most]))
        )
    tags = [
        (tag[:LONGEST], place)
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
    return None if value is None else value[:LONGEST]


_MARKED: dict[str, Callable[[Any], Any]] = {
    "status": int,
    "status_class": int,
    "duration": slot_of,
    "request_size": lambda size: size_slot(size) if isinstance(size, int) else None,
    "response_size": lambda size: size_slot(size) if isinstance(size, int) else None,
    "aborted": lambda aborted: 1 if aborted else None,
    **dict.fromkeys(_TEXTS, _text),
}
"""Each marked field, and what of a column's value its mark has; ``None``: there is no mark."""

_SELECTED = ("seq", "started_at", "tags", *_MARKED)
_SINGLE = struct.Struct("<H")


def _packed(places: list[int]) -> bytes:
    if len(places) == 1:
        return _SINGLE.pack(places[0])
    if len(places) <= LISTED:
        return struct.pack(f"<{len(places)}H", *places)
    bits = bytearray(SIZE // 8)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def bits_of(packed: bytes) -> int:
    """Return one row's places as bits."""
    if len(packed) == SIZE // 8:
        return int.from_bytes(packed, "little")
    bits = 0
    for (place,) in struct.iter_unpack("<H", packed):
        bits |= 1 << place
    return bits


def _union(
    connection: sqlite3.Connection, number: int, field: str, spans: Iterable[tuple[Any, Any]]
) -> int:
    bits = 0
    for first, last in spans:
        for (packed,) in connection.execute(
            "SELECT places FROM mark WHERE block = ? AND field = ? AND value BETWEEN ? AND ?",
            (number, field, first, last),
        ):
            bits |= bits_of(packed)
    return bits


def _ends(connection: sqlite3.Connection) -> tuple[int, int | None]:
    """Return the lowest and the highest ``seq``; no highest if there is no exchange."""
    lowest = connection.execute("SELECT min(seq) FROM exchange").fetchone()[0]
    highest = connection.execute("SELECT max(seq) FROM exchange").fetchone()[0]
    return lowest or 0, highest


def _going(connection: sqlite3.Connection, lowest: int) -> set[int]:
    """Return the blocks of the oldest exchanges, which go first."""
    oldest = connection.execute("SELECT seq FROM exchange ORDER BY started_at LIMIT ?", (GOING,))
    return {lowest >> BITS, *(seq >> BITS for (seq,) in oldest)}
