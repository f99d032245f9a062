"""Lists by time, under any conditions: block after block, until there is enough.

Sealed blocks are asked by their marks, which costs some look-ups for each; what is not sealed is
read row by row. Blocks come with the newest first, and lie mostly one after the other in time, so
that a page is full after the first few unless there is little to find. What no mark knows is looked
for in the rows themselves, which takes long where there is little of it: whoever is in a hurry gets
what was found until then, and where to go on.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
import time
from typing import Any

from . import marks
from .conditions import Filter
from .rows import SELECTED
from .walking import Key, Span, Walk

NEWEST = "ORDER BY started_at DESC, seq DESC"
_BY_TIME = "exchange INDEXED BY exchange_started_at"
_BEYOND = 2**62
"""More than any ``seq``."""


def rows(
    connection: sqlite3.Connection,
    wanted: Filter,
    after: Key | None,
    size: int,
    seconds: float = math.inf,
) -> tuple[list[tuple[Any, ...]], Key | None]:
    """Return the columns ``SELECTED`` of what is ``wanted`` (its ``search`` left aside).

    ``after`` is where the page before ended, ``size`` how many at most. With it, where it ended
    because ``seconds`` were over.
    """
    if wanted.conditions():
        found, reached = keys(connection, wanted, after, size, seconds)
        return by_keys(connection, found), reached
    where, parameters = wanted.joined()
    read = connection.execute(
        f"SELECT {SELECTED} FROM {_BY_TIME} WHERE {_after(where, after)} {NEWEST} LIMIT ?",  # noqa: S608
        (*parameters, *(after or ()), size),
    )
    return read.fetchall(), None


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


def keys(
    connection: sqlite3.Connection,
    wanted: Filter,
    after: Key | None,
    size: int,
    seconds: float = math.inf,
) -> tuple[list[Key], Key | None]:
    """Return the places of what meets the conditions of ``wanted``, the newest first.

    After ``seconds`` of the thread's own time it ends, and says where: below that place nothing is
    returned, although some of it may have been looked at.
    """
    end = time.thread_time() + seconds
    found = [
        key
        for bounds in marks.open_ranges(connection)
        for key in _of_open(connection, wanted, after, bounds, size)
    ]
    walk = Walk(connection, wanted)
    for block in walk.blocks(after):
        found = sorted(found, reverse=True)[:size]
        if len(found) == size and found[-1][0] > block.until:
            break
        if time.thread_time() > end:
            reached = (block.until, _BEYOND)
            reached = reached if after is None else min(reached, after)
            return [key for key in found if key > reached], reached
        found += walk.keys(block, after)
    return sorted(found, reverse=True)[:size], None


def count(
    connection: sqlite3.Connection, wanted: Filter, at_most: int, seconds: float = math.inf
) -> tuple[int, bool]:
    """Count what is ``wanted`` up to ``at_most``; with it, whether there is no more than that.

    It ends after ``seconds`` of the thread's own time.
    """
    end = time.thread_time() + seconds
    if not wanted.conditions():
        where, parameters = wanted.joined()
        counted = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {_BY_TIME} WHERE {where} LIMIT ?)",  # noqa: S608
            (*parameters, at_most),
        )
        found = int(counted.fetchone()[0])
        return found, found < at_most
    found = 0
    for bounds in marks.open_ranges(connection):
        found += len(_of_open(connection, wanted, None, bounds, at_most))
    walk = Walk(connection, wanted)
    for block in walk.blocks(None):
        if found >= at_most or time.thread_time() > end:
            return min(found, at_most), False
        found += walk.count(block)
    return min(found, at_most), found < at_most


def most(
    connection: sqlite3.Connection, column: str, since: float, until: float, at_most: int
) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of those with the most of a ``column``, the most first.

    The ``column`` is ``duration`` or ``response_size``; ``at_most`` up to :data:`.marks.MOST`.
    """
    span = Span(since, until)
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
