"""The full-text index, which follows behind what is written, in short transactions."""

from __future__ import annotations

import json
import sqlite3
import zlib

from .connection import transaction
from .searchable import searchable

SLICE = 20
"""Exchanges per transaction: what a writer may have to wait for."""


def index_next(connection: sqlite3.Connection, at_most: int = SLICE) -> int:
    """Index the next exchanges that are not yet.

    Returns:
        How many were indexed; fewer than ``at_most`` means that the index is up to date.
    """
    if not _behind(connection):
        return 0
    with transaction(connection):
        # Read again under the lock: another process may have gone on from here.
        done = indexed(connection)
        rows = connection.execute(
            "SELECT seq, line FROM record WHERE seq > ? ORDER BY seq LIMIT ?", (done, at_most)
        ).fetchall()
        connection.executemany(
            "INSERT INTO words (rowid, path, headers, bodies) VALUES (?, ?, ?, ?)",
            ((seq, *searchable(json.loads(zlib.decompress(line)))) for seq, line in rows),
        )
        if rows:
            connection.execute("UPDATE state SET value = ? WHERE name = 'indexed'", (rows[-1][0],))
    return len(rows)


def forget(connection: sqlite3.Connection, seq: int, line: bytes) -> None:
    """Take one exchange out of the index, inside the caller's transaction."""
    connection.execute(
        "INSERT INTO words (words, rowid, path, headers, bodies) VALUES ('delete', ?, ?, ?, ?)",
        (seq, *searchable(json.loads(zlib.decompress(line)))),
    )


def indexed(connection: sqlite3.Connection) -> int:
    """Return the last exchange's ``seq`` that the index knows."""
    return int(connection.execute("SELECT value FROM state WHERE name = 'indexed'").fetchone()[0])


def _behind(connection: sqlite3.Connection) -> bool:
    last = connection.execute("SELECT max(seq) FROM record").fetchone()[0]
    return last is not None and last > indexed(connection)
