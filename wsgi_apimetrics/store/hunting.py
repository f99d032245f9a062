"""Going through what an expression finds, the newest first, until there is enough or time is over.

What is cheap to ask may be dear to answer: of words that are in every exchange, and never beside
each other, each exchange is looked at. FTS5 knows no bound for that but an interruption. Whoever is
in a hurry gets what was found until then, and how far that is.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import marks
from .conditions import Filter
from .indexing import indexed
from .walking import Sieve

_STEPS = 100
"""SQLite looks at the clock after so many of its steps; FTS5 takes some for each page it reads."""

_SLOWEST = 5
"""A search may take so many times as long as its thread is busy with it."""

_FEW = 16
"""So many exchanges are asked for one by one."""

_GROWTH = 8
"""A window has so many times the exchanges of the one before; the first has a block's."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        seqs: The newest first.
        reached: Whatever has this ``seq`` or a higher one was looked at.
        is_all: Whether everything was.
    """

    seqs: list[int]
    reached: int
    is_all: bool


def hunt(
    connection: sqlite3.Connection,
    expression: str | None,
    wanted: Filter,
    bounds: tuple[int, int],
    at_most: int,
    seconds: float = math.inf,
) -> Found:
    """Return the newest that an expression finds and a filter lets pass, ``at_most`` so many.

    ``bounds`` are the lowest and the highest ``seq``. Without an expression all that is indexed
    is found.
    """
    lowest, _ = marks.ends(connection)
    first, last = max(bounds[0], lowest), min(bounds[1], indexed(connection))
    seqs: list[int] = []
    reached = last + 1
    with _interrupted_after(connection, seconds):
        sieve = Sieve(connection, wanted) if wanted.is_given() else None
        for low, high in _windows(first, last) if sieve else [(first, last)]:
            for seq in _matching(connection, expression, sieve, (low, high)):
                if sieve is None or sieve.passes(seq):
                    seqs.append(seq)
                    if len(seqs) == at_most:
                        return Found(seqs, seq, is_all=False)
                reached = seq
            reached = min(reached, low)
        return Found(seqs, min(reached, first), is_all=True)
    return Found(seqs, reached, is_all=False)


def after(
    connection: sqlite3.Connection, expression: str, wanted: Filter, seq: int, at_most: int
) -> list[int]:
    """Return the oldest of what is found after ``seq``, the oldest first."""
    sieve = Sieve(connection, wanted)
    rows = connection.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? ORDER BY rowid",
        (expression, seq),
    )
    return list(itertools.islice((one for (one,) in rows if sieve.passes(one)), at_most))


@contextlib.contextmanager
def _interrupted_after(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Leave this block after so much of the thread's own time, wherever SQLite is by then.

    A machine that has others to serve does not make a search find less, unless it is very slow.
    """
    if seconds == math.inf:
        yield
        return
    own, real = time.thread_time() + seconds, time.monotonic() + seconds * _SLOWEST
    is_over = False

    def look() -> bool:
        nonlocal is_over
        is_over = time.thread_time() > own or time.monotonic() > real
        return is_over

    connection.set_progress_handler(look, _STEPS)
    try:
        yield
    except sqlite3.OperationalError:
        if not is_over:
            raise
    finally:
        connection.set_progress_handler(None, 0)


def _windows(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield ranges that cover all, the newest first: what meets a filter may be near."""
    size = marks.SIZE
    while last >= first:
        low = max(first, last - size + 1)
        yield low, last
        last = low - 1
        size *= _GROWTH


def _matching(
    connection: sqlite3.Connection,
    expression: str | None,
    sieve: Sieve | None,
    bounds: tuple[int, int],
) -> Iterator[int]:
    """Yield what an expression finds in a window; of what can't pass it may leave out some."""
    few = None if sieve is None else sieve.among(bounds, _FEW)
    rows: Iterable[tuple[int]]
    if expression is None:
        rows = connection.execute(
            "SELECT seq FROM exchange NOT INDEXED WHERE seq BETWEEN ? AND ? ORDER BY seq DESC",
            bounds,
        )
    elif few is None:
        rows = connection.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? "
            "ORDER BY rowid DESC",
            (expression, *bounds),
        )
    else:
        query = "SELECT rowid FROM words WHERE words MATCH ? AND rowid = ?"
        rows = (row for seq in few for row in connection.execute(query, (expression, seq)))
    return (seq for (seq,) in rows)
