"""Lists by time, under any conditions: block after block, until there is enough.

Sealed blocks are asked by their marks, which costs some look-ups for each; what is not sealed is
read row by row. Blocks come with the newest first, and lie mostly one after the other in time, so
that a page is full after the first few unless there is little to find.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import marks
from .conditions import Filter
from .marks import Block
from .rows import SELECTED

Key = tuple[float, int]
"""``started_at`` and ``seq``: the place of an exchange in a list."""

NEWEST = "ORDER BY started_at DESC, seq DESC"
_BY_TIME = "exchange INDEXED BY exchange_started_at"
_SINGLY = 64
"""Of a block's rows so many are looked up one by one; for more, all are read."""


def rows(
    connection: sqlite3.Connection, wanted: Filter, after: Key | None, size: int
) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of what is ``wanted`` (its ``search`` left aside).

    ``after`` is where the page before ended, ``size`` how many at most.
    """
    if wanted.conditions():
        return by_keys(connection, keys(connection, wanted, after, size))
    return _by_time(connection, SELECTED, wanted, after, size)


def newer(
    connection: sqlite3.Connection, wanted: Filter, seq: int, at_most: int
) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of what came after ``seq``, the oldest first."""
    where, parameters = wanted.joined()
    return connection.execute(
        f"SELECT {SELECTED} FROM exchange NOT INDEXED "  # noqa: S608
        f"WHERE seq > ? AND {where} ORDER BY seq LIMIT ?",
        (seq, *parameters, at_most),
    ).fetchall()


def keys(connection: sqlite3.Connection, wanted: Filter, after: Key | None, size: int) -> list[Key]:
    """Return the places of what is ``wanted``, the newest first."""
    if not wanted.conditions():
        return _by_time(connection, "started_at, seq", wanted, after, size)
    found = [
        key
        for bounds in marks.open_ranges(connection)
        for key in _of_open(connection, wanted, after, bounds, size)
    ]
    walk = _Walk(connection, wanted)
    for block in walk.blocks(after):
        found = sorted(found, reverse=True)[:size]
        if len(found) == size and found[-1][0] > block.until:
            break
        found += walk.keys(block, after)
    return sorted(found, reverse=True)[:size]


def count(connection: sqlite3.Connection, wanted: Filter, at_most: int) -> int:
    """Count what is ``wanted``, stopping at ``at_most``."""
    if not wanted.conditions():
        where, parameters = wanted.joined()
        counted = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {_BY_TIME} WHERE {where} LIMIT ?)",  # noqa: S608
            (*parameters, at_most),
        )
        return int(counted.fetchone()[0])
    found = 0
    for bounds in marks.open_ranges(connection):
        found += len(_of_open(connection, wanted, None, bounds, at_most))
    walk = _Walk(connection, wanted)
    for block in walk.blocks(None):
        if found >= at_most:
            break
        found += walk.count(block)
    return min(found, at_most)


def most(
    connection: sqlite3.Connection, column: str, since: float, until: float, at_most: int
) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of those with the most of a ``column``, the most first.

    The ``column`` is ``duration`` or ``response_size``; ``at_most`` up to :data:`.marks.MOST`.
    """
    span = _Span(since, until)
    ranges = marks.open_ranges(connection)
    found: list[tuple[float, int]] = []
    for block in marks.blocks(connection):
        if span.holds(block):
            marked = marks.most(connection, block.number, column, at_most)
            found = heapq.nlargest(at_most, [*found, *marked])
        elif span.meets(block):
            ranges.append((block.first, block.last))
    for first, last in ranges:
        found += connection.execute(
            f"SELECT {column}, seq FROM exchange NOT INDEXED WHERE seq BETWEEN ? AND ? "  # noqa: S608
            f"AND started_at >= ? AND started_at < ? AND {column} IS NOT NULL "
            f"ORDER BY {column} DESC LIMIT ?",
            (first, last, since, until, at_most),
        )
    return by_keys(connection, heapq.nlargest(at_most, found))


def by_keys(connection: sqlite3.Connection, found: list[Key]) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of the exchanges at these places, in their order."""
    query = f"SELECT {SELECTED} FROM exchange WHERE seq = ?"  # noqa: S608
    read = (connection.execute(query, (seq,)).fetchone() for _, seq in found)
    return [row for row in read if row is not None]


def seq_of(connection: sqlite3.Connection, id_: str) -> int | None:
    """Return the ``seq`` of the exchange ``id_``."""
    for first, last in marks.open_ranges(connection):
        row = connection.execute(
            "SELECT seq FROM exchange NOT INDEXED WHERE seq BETWEEN ? AND ? AND id = ?",
            (first, last, id_),
        ).fetchone()
        if row is not None:
            return int(row[0])
    sealed = connection.execute(
        "SELECT number, places FROM block CROSS JOIN mark "
        "ON mark.block = number AND field = 'id' AND value = ?",
        (id_[: marks.LONGEST],),
    )
    for number, places in sealed:
        for seq in marks.seqs(number, marks.bits_of(places)):
            row = connection.execute("SELECT id FROM exchange WHERE seq = ?", (seq,)).fetchone()
            if row == (id_,):
                return seq
    return None


def ids_from(connection: sqlite3.Connection, prefix: str, at_most: int) -> list[str]:
    """Return ids that begin with ``prefix``, in their order."""
    bounds = (prefix, prefix + marks.LAST)
    found = [
        id_
        for first, last in marks.open_ranges(connection)
        for (id_,) in connection.execute(
            "SELECT id FROM exchange NOT INDEXED "
            "WHERE seq BETWEEN ? AND ? AND id >= ? AND id < ? ORDER BY id LIMIT ?",
            (first, last, *bounds, at_most),
        )
    ]
    for (number,) in connection.execute("SELECT number FROM block").fetchall():
        sealed = connection.execute(
            "SELECT value FROM mark WHERE block = ? AND field = 'id' AND value >= ? AND value < ? "
            "ORDER BY value LIMIT ?",
            (number, *bounds, at_most),
        )
        found += [id_ for (id_,) in sealed]
    return sorted(found)[:at_most]


@dataclass(frozen=True, slots=True)
class _Span:
    """A time range: ``since`` belongs to it, ``until`` does not."""

    since: float
    until: float

    def holds(self, block: Block) -> bool:
        return self.since <= block.since and block.until < self.until

    def meets(self, block: Block) -> bool:
        return self.since <= block.until and block.since < self.until


class Sieve:
    """Says of one exchange after the other whether it meets the conditions of a filter.

    What is asked for block by block costs no look at the exchange itself, unless its block is
    open, or its mark is not exact.
    """

    def __init__(self, connection: sqlite3.Connection, wanted: Filter) -> None:
        self._walk = _Walk(connection, wanted)
        self._blocks = {block.number: block for block in marks.blocks(connection)}
        self._known: dict[int, tuple[int, int]] = {}

    def passes(self, seq: int) -> bool:
        """Whether the exchange is there, and meets the conditions."""
        number = seq >> marks.BITS
        known = self._known.get(number)
        if known is None:
            block = self._blocks.get(number)
            known = self._known[number] = (0, -1) if block is None else self._walk.bits(block)
        bit = 1 << (seq - (number << marks.BITS))
        return bool(known[0] & bit or (known[1] & bit and self._walk.meets(seq)))


class _Walk:
    """Going through the sealed blocks with one filter."""

    def __init__(self, connection: sqlite3.Connection, wanted: Filter) -> None:
        self._connection = connection
        self._lookups = wanted.lookups()
        self._where, self._parameters = wanted.joined()
        self._span = _Span(
            float("-inf") if wanted.since is None else wanted.since,
            float("inf") if wanted.until is None else wanted.until,
        )

    def blocks(self, after: Key | None) -> Iterator[Block]:
        """Yield the blocks in which something may be found, the newest first."""
        for block in marks.blocks(self._connection):
            if self._span.meets(block) and (after is None or block.since <= after[0]):
                yield block

    def bits(self, block: Block) -> tuple[int, int]:
        """Return the bits of what a block has for sure, and of what must be looked at."""
        bits, unsure = marks.look_up(self._connection, block.number, self._lookups)
        if self._span.holds(block):
            return bits & ~unsure, unsure
        return 0, bits if self._span.meets(block) else 0

    def meets(self, seq: int) -> bool:
        """Look at one exchange."""
        found = self._connection.execute(
            f"SELECT 1 FROM exchange NOT INDEXED WHERE seq = ? AND {self._where}",  # noqa: S608
            (seq, *self._parameters),
        )
        return found.fetchone() is not None

    def count(self, block: Block) -> int:
        """Count what a block has."""
        sure, unsure = self.bits(block)
        return sure.bit_count() + (len(self._read(block, unsure)) if unsure else 0)

    def keys(self, block: Block, after: Key | None) -> list[Key]:
        """Return the places of what a block has."""
        bits, _ = marks.look_up(self._connection, block.number, self._lookups)
        found = self._read(block, bits) if bits else []
        return found if after is None else [key for key in found if key < after]

    def _read(self, block: Block, bits: int) -> list[Key]:
        """Return the places of those exchanges among ``bits`` that meet every condition."""
        query = "SELECT started_at, seq FROM exchange NOT INDEXED WHERE seq"
        if bits.bit_count() > _SINGLY:
            return self._connection.execute(
                f"{query} BETWEEN ? AND ? AND {self._where}",
                (block.first, block.last, *self._parameters),
            ).fetchall()
        found = []
        for seq in marks.seqs(block.number, bits):
            found += self._connection.execute(
                f"{query} = ? AND {self._where}", (seq, *self._parameters)
            ).fetchall()
        return found


def _by_time(
    connection: sqlite3.Connection, columns: str, wanted: Filter, after: Key | None, size: int
) -> list[Any]:
    where, parameters = wanted.joined()
    return connection.execute(
        f"SELECT {columns} FROM {_BY_TIME} WHERE {_after(where, after)} {NEWEST} LIMIT ?",  # noqa: S608
        (*parameters, *(after or ()), size),
    ).fetchall()


def _of_open(
    connection: sqlite3.Connection,
    wanted: Filter,
    after: Key | None,
    bounds: tuple[int, int],
    size: int,
) -> list[Key]:
    """Return the places of what is wanted among exchanges that are not sealed."""
    where, parameters = wanted.joined()
    return connection.execute(
        f"SELECT started_at, seq FROM exchange NOT INDEXED "  # noqa: S608
        f"WHERE seq BETWEEN ? AND ? AND {_after(where, after)} {NEWEST} LIMIT ?",
        (*bounds, *parameters, *(after or ()), size),
    ).fetchall()


def _after(where: str, after: Key | None) -> str:
    return where if after is None else f"{where} AND (started_at, seq) < (?, ?)"
