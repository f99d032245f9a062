"""Erasing one caller, so that nothing of it is left in the file: for a privacy request.

At a million exchanges it takes half a minute, of which nobody is to wait for more than a step. So
it is done in slices, as the upkeep is. Until the last one is done a note in the store says so:
who was interrupted goes on by erasing again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

from . import listing, retention, sealing
from .conditions import Filter
from .connection import checkpointing, open_for_writing, transaction, translated
from .indexing import Words
from .pace import Pace, rest
from .rows import COLUMNS

_ALL = 2**40
_ID = COLUMNS.index("id")
_One = TypeVar("_One")


def erase(path: Path, callers: Sequence[str]) -> int:
    """Erase the exchanges of ``callers``, with the calls that were made during them.

    Whatever is deleted is overwritten (:func:`.open_for_writing`), and the full-text index and the
    write-ahead log are written anew, so that it can't be found in the file either. The counts by
    route and status stay: they name nobody.

    Returns:
        How many exchanges were erased.

    Raises:
        StoreError: there is no such store, or it can't be used.
    """
    connection = open_for_writing(path)
    try:
        with translated(path), checkpointing(connection):
            connection.execute("PRAGMA busy_timeout = 5000")
            erased = sum(_erase_one(connection, caller) for caller in callers)
            while sealing.seal_next(connection):
                rest()
            if _is_unfinished(connection):
                _write_index_anew(connection)
            while retention.give_back(connection):
                rest()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
    return erased


def _erase_one(connection: sqlite3.Connection, caller: str) -> int:
    erased = 0
    ids: set[str] = set()
    last = 0
    while True:
        # What comes after this is looked for at the end, where there is little of it.
        last = connection.execute("SELECT max(seq) FROM exchange").fetchone()[0] or last
        erased += _in_slices(connection, _belonging(connection, caller, ids), _delete)
        counted = connection.execute(
            "SELECT span, start, facet, value FROM tally WHERE facet = 'caller' AND value = ?",
            (caller[:400],),
        )
        _in_slices(connection, counted.fetchall(), _delete_counts)
        with transaction(connection):
            # Others may have written meanwhile.
            if not _is_there(connection, caller, ids, last):
                connection.execute("DELETE FROM caller WHERE id = ?", (caller,))
                return erased


def _in_slices(
    connection: sqlite3.Connection,
    several: Sequence[_One],
    action: Callable[[sqlite3.Connection, list[_One]], int],
) -> int:
    """Do some after some, each time in a transaction that is short; return how many were done."""
    pace = Pace(20, least=1)
    start = done = 0
    while start < len(several):
        some = list(several[start : start + pace.size])
        begun = time.monotonic()
        with transaction(connection):
            done += action(connection, some)
        pace.learn(len(some), begun)
        start += len(some)
        rest()
    return done


def _delete(connection: sqlite3.Connection, seqs: list[int]) -> int:
    there = retention.still_there(connection, seqs)
    retention.delete(connection, Words(), there)
    connection.execute("INSERT INTO state VALUES ('erasing', 1) ON CONFLICT DO NOTHING")
    return len(there)


def _delete_counts(connection: sqlite3.Connection, keys: list[tuple[Any, ...]]) -> int:
    return connection.executemany(
        "DELETE FROM tally WHERE span = ? AND start = ? AND facet = ? AND value = ?", keys
    ).rowcount


def _belonging(connection: sqlite3.Connection, caller: str, ids: set[str]) -> list[int]:
    """Return the ``seq`` of a caller's exchanges, and of the calls that were made during them.

    Adds the ids of its exchanges to ``ids``.
    """
    found, _ = listing.keys(connection, Filter(caller=(caller,)), None, _ALL)
    ids.update(row[_ID] for row in listing.by_keys(connection, found))
    return sorted({seq for _, seq in found} | set(_calls(connection, ids, 0)))


def _calls(connection: sqlite3.Connection, ids: Collection[str], after: int) -> list[int]:
    """Return the ``seq`` of the calls that were made during some exchanges."""
    if not ids:
        return []
    calls = connection.execute(
        "SELECT seq, parent_id FROM exchange NOT INDEXED WHERE seq > ? AND parent_id IS NOT NULL",
        (after,),
    )
    return [seq for seq, parent in calls if parent in ids]


def _is_there(
    connection: sqlite3.Connection, caller: str, ids: Collection[str], after: int
) -> bool:
    """Whether something of a caller came after a ``seq``."""
    own = connection.execute(
        "SELECT 1 FROM exchange NOT INDEXED WHERE seq > ? AND caller = ?", (after, caller)
    )
    return own.fetchone() is not None or bool(_calls(connection, ids, after))


def _is_unfinished(connection: sqlite3.Connection) -> bool:
    """Whether words of what was erased, now or by others, may still be in the index."""
    found = connection.execute("SELECT 1 FROM state WHERE name = 'erasing'")
    return found.fetchone() is not None


def _write_index_anew(connection: sqlite3.Connection) -> None:
    """Join all parts of the full-text index, for only then are words that were deleted gone.

    This is FTS5's ``optimize`` in steps, as its documentation says: the first, a number below
    zero, puts all parts on one level, and the others go on with it. A step ends with a word, so
    those with the words of every exchange are long.
    """
    pace = Pace(64, least=1)
    # With the default of four FTS5 may leave a join of two or three parts as it is.
    _tell(connection, "usermerge", 2)
    sign = -1
    while True:
        before, begun = connection.total_changes, time.monotonic()
        _tell(connection, "merge", sign * pace.size)
        pace.learn(pace.size, begun)
        # FTS5's documentation: with a difference below two there was nothing to do.
        if connection.total_changes - before < 2:
            break
        sign = 1
        rest()
    _tell(connection, "usermerge", 4)
    with transaction(connection):
        connection.execute("DELETE FROM state WHERE name = 'erasing'")


def _tell(connection: sqlite3.Connection, command: str, value: int) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO words (words, rank) VALUES (?, ?)", (command, value))
