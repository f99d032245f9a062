"""The full-text index, which follows behind what is written, in short transactions."""

from __future__ import annotations

import json
import sqlite3
import zlib
from typing import Any

from .connection import transaction
from .searchable import searchable

Texts = tuple[str, str, str]
ADD = "INSERT INTO words (rowid, path, headers, bodies) VALUES (?, ?, ?, ?)"


class Fresh:
    """The texts of the newest exchanges, so that what was just written need not be read again.

    Only a hint: another process may index them, and what is not here is made of the record.
    """

    def __init__(self) -> None:
        self._texts: dict[int, Texts] = {}
        self._room = _ROOM

    def keep(self, seq: int, plain: dict[str, Any]) -> None:
        """Keep the texts of an exchange, if there is room."""
        if self._room > 0:
            self._texts[seq] = made = searchable(plain)
            self._room -= sum(map(len, made)) + _OVERHEAD

    def take(self, first: int, last: int) -> dict[int, Texts]:
        """Return the texts of exchanges in a range, and forget all up to its end."""
        found = {seq: one for seq, one in self._texts.items() if first <= seq <= last}
        self._texts = {seq: one for seq, one in self._texts.items() if seq > last}
        self._room = _ROOM - sum(sum(map(len, one)) + _OVERHEAD for one in self._texts.values())
        return found


def index_next(connection: sqlite3.Connection, fresh: Fresh, at_most: int) -> int:
    """Index the next exchanges that are not yet.

    Returns:
        How many were indexed; fewer than ``at_most`` means that the index is up to date.
    """
    if not _behind(connection):
        return 0
    with transaction(connection):
        # Read again under the lock: another process may have gone on from here.
        done = indexed(connection)
        seqs = [
            seq
            for (seq,) in connection.execute(
                "SELECT seq FROM record WHERE seq > ? ORDER BY seq LIMIT ?", (done, at_most)
            )
        ]
        if not seqs:
            return 0
        known = fresh.take(seqs[0], seqs[-1])
        connection.executemany(
            ADD,
            ((seq, *(known.get(seq) or texts(connection, seq))) for seq in seqs),
        )
        connection.execute("UPDATE state SET value = ? WHERE name = 'indexed'", (seqs[-1],))
    return len(seqs)


def forget(connection: sqlite3.Connection, seqs: list[int]) -> None:
    """Take exchanges out of the index, inside the caller's transaction."""
    known = indexed(connection)
    connection.executemany(
        "INSERT INTO words (words, rowid, path, headers, bodies) VALUES ('delete', ?, ?, ?, ?)",
        ((seq, *texts(connection, seq)) for seq in seqs if seq <= known),
    )


def indexed(connection: sqlite3.Connection) -> int:
    """Return the last exchange's ``seq`` that the index knows."""
    return int(connection.execute("SELECT value FROM state WHERE name = 'indexed'").fetchone()[0])


def texts(connection: sqlite3.Connection, seq: int) -> Texts:
    """Return an exchange's text, made of its record."""
    line = connection.execute("SELECT line FROM record WHERE seq = ?", (seq,)).fetchone()[0]
    return searchable(json.loads(zlib.decompress(line)))


def _behind(connection: sqlite3.Connection) -> bool:
    last = connection.execute("SELECT max(seq) FROM record").fetchone()[0]
    return last is not None and last > indexed(connection)


_ROOM = 2 * 1024 * 1024
"""Characters of text that are kept."""

_OVERHEAD = 500
