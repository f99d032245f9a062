"""Which exchanges have which value, block by block: the index behind every filter.

A block is 4,096 exchanges in the order in which the store got them. Once it is full it is
sealed: for each value of each field it gets one row of ``mark`` that says where in the block the
exchanges with this value are, as a list of places, or as one bit for each. What is read of them are
numbers whose bit *n* is the exchange at place *n*, so that conditions are joined by ``&``.

All rows of a block lie side by side and are written once, in their order. An index over all
exchanges is instead changed in as many places as there are values, for each exchange
(``docs/decisions/0070``). What is not sealed is looked at row by row.

:mod:`.sealing` makes them. Whatever deletes an exchange opens its block first: a sealed block is
complete.
"""

from __future__ import annotations

import math
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

BITS = 12
SIZE = 1 << BITS
"""Exchanges in a block."""

LONGEST = 200
"""So much of a text is in a mark; longer ones are looked at."""

LAST = "\U0010ffff"
"""Sorts after every text and every number that a mark may have."""

MOST = 50
"""So many of a block's slowest, and of its largest, are marked with their exact value."""

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


EACH = Lookup("", (), (("", ""),))
"""Looks at every exchange: for what there are no marks of."""

LATER = frozenset({"scheme", "request_type", "redactions"})
"""Fields that came later: a block may have been sealed without marks of them."""


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
    lowest, highest = ends(connection)
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
    for one in lookups:
        lookup = one if one.field not in LATER or _has_later(connection, number) else EACH
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


def size_slot(size: int) -> int:
    """Return the slot of a size in bytes: an eighth of a power of two."""
    return int(math.log2(max(0, size) + 1) * 8)


def bits_of(packed: bytes) -> int:
    """Return one row's places as bits."""
    if len(packed) == SIZE // 8:
        return int.from_bytes(packed, "little")
    bits = 0
    for (place,) in struct.iter_unpack("<H", packed):
        bits |= 1 << place
    return bits


def _has_later(connection: sqlite3.Connection, number: int) -> bool:
    """Whether a block was sealed with marks of ``LATER``: every exchange has a scheme."""
    found = connection.execute(
        "SELECT 1 FROM mark WHERE block = ? AND field = 'scheme' LIMIT 1", (number,)
    )
    return found.fetchone() is not None


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


def ends(connection: sqlite3.Connection) -> tuple[int, int | None]:
    """Return the lowest and the highest ``seq``; no highest if there is no exchange."""
    lowest = connection.execute("SELECT min(seq) FROM exchange").fetchone()[0]
    highest = connection.execute("SELECT max(seq) FROM exchange").fetchone()[0]
    return lowest or 0, highest
