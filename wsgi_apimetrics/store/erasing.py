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
_MOST_CALLS = 10_000
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
        with transaction(connection):
            found = listing.keys(connection, Filter(caller=(caller,)), None, _SLICE)
            seqs = dict.fromkeys(seq for _, seq in found)
            for row in listing.by_keys(connection, found):
                during = Filter(parent_id=row[_ID])
                calls = listing.keys(connection, during, None, _MOST_CALLS)
                seqs.update(dict.fromkeys(seq for _, seq in calls))
            retention.delete(connection, Words(), list(seqs))
            erased += len(seqs)
            if not seqs:
                connection.execute(
                    "DELETE FROM tally WHERE facet = 'caller' AND value = ?", (caller[:400],)
                )
                connection.execute("DELETE FROM caller WHERE id = ?", (caller,))
                return erased
