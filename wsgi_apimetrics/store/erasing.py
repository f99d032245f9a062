"""Erasing one caller, so that nothing of it is left in the file: for a privacy request."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from . import retention
from .connection import open_for_writing, transaction, translated

_SLICE = 100


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
            rows = connection.execute(
                "SELECT seq, id FROM exchange WHERE caller = ? LIMIT ?", (caller, _SLICE)
            ).fetchall()
            calls = [
                seq
                for _, id_ in rows
                for (seq,) in connection.execute(
                    "SELECT seq FROM exchange WHERE parent_id = ?", (id_,)
                )
            ]
            seqs = list(dict.fromkeys([seq for seq, _ in rows] + calls))
            retention.delete(connection, seqs)
            erased += len(seqs)
            if not rows:
                connection.execute(
                    "DELETE FROM tally WHERE facet = 'caller' AND value = ?", (caller[:400],)
                )
                connection.execute("DELETE FROM caller WHERE id = ?", (caller,))
                return erased
