"""Erasing one caller, so that nothing of it is left in the file: for a privacy request."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from . import listing, retention, sealing
from .conditions import Filter
from .connection import open_for_writing, transaction, translated
from .indexing import Words
from .rows import COLUMNS

_SLICE = 100
_ALL = 2**40
_ID = COLUMNS.index("id")


def erase(path: Path, callers: Sequence[str]) -> int:
    """Erase the exchanges of ``callers``, with the calls that were made during them.

    Deleted content is overwritten, and the full-text index and the write-ahead log are written
    anew, so that it can't be found in the file either. The counts by route and status stay:
    they name nobody.

    Returns:
        How many exchanges were erased.

    Raises:
        StoreError: there is no such store, or it can't be used.
    """
    connection = open_for_writing(path)
    try:
        with translated(path):
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA busy_timeout = 5000")
            erased = sum(_erase_one(connection, caller) for caller in callers)
            while sealing.seal_next(connection):
                pass
            with transaction(connection):
                connection.execute("INSERT INTO words (words) VALUES ('optimize')")
            connection.execute("PRAGMA incremental_vacuum").fetchall()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
    return erased


def _erase_one(connection: sqlite3.Connection, caller: str) -> int:
    erased = 0
    while True:
        seqs = _belonging(connection, caller)
        for start in range(0, len(seqs), _SLICE):
            with transaction(connection):
                some = retention.still_there(connection, seqs[start : start + _SLICE])
                retention.delete(connection, Words(), some)
            erased += len(some)
        with transaction(connection):
            # Others may have written meanwhile.
            if not _belonging(connection, caller):
                connection.execute(
                    "DELETE FROM tally WHERE facet = 'caller' AND value = ?", (caller[:400],)
                )
                connection.execute("DELETE FROM caller WHERE id = ?", (caller,))
                return erased


def _belonging(connection: sqlite3.Connection, caller: str) -> list[int]:
    """Return the ``seq`` of a caller's exchanges, and of the calls that were made during them."""
    found = listing.keys(connection, Filter(caller=(caller,)), None, _ALL)
    if not found:
        return []
    ids = {row[_ID] for row in listing.by_keys(connection, found)}
    calls = connection.execute(
        "SELECT seq, parent_id FROM exchange NOT INDEXED WHERE parent_id IS NOT NULL"
    )
    return sorted({seq for _, seq in found} | {seq for seq, parent in calls if parent in ids})
