"""The full-text index, which follows behind what is written, in short transactions."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable
from typing import Any

from .connection import transaction
from .searchable import searchable

Texts = tuple[str, str, str]
ADD = "INSERT INTO words (rowid, path, headers, bodies) VALUES (?, ?, ?, ?)"


class Words:
    """What one writer does for the index.

    Each transaction that indexes adds a part to the index, and parts must be joined. Left to itself
    FTS5 does that while it commits, hundreds of pages at a time, and everybody waits for it. Here
    it is a debt, paid in steps: for each page that was written, a page on each of its levels.
    """

    def __init__(self) -> None:
        self._fresh: dict[int, Texts] = {}
        self._room = _ROOM
        self._debt = 0.0

    def keep(self, seq: int, plain: dict[str, Any]) -> None:
        """Keep the texts of an exchange that was written, so that they need not be read again.

        Only a hint: another process may index it, and what is not here is made of the record.
        """
        if self._room > 0:
            self._fresh[seq] = made = searchable(plain)
            self._room -= _length(made)

    def index_next(self, connection: sqlite3.Connection, at_most: int) -> int:
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
            known = [(seq, self._fresh.get(seq) or texts(connection, seq)) for seq in seqs]
            connection.executemany(ADD, ((seq, *made) for seq, made in known))
            connection.execute("UPDATE state SET value = ? WHERE name = 'indexed'", (seqs[-1],))
        self._owe(made for _, made in known)
        self._fresh = {seq: made for seq, made in self._fresh.items() if seq > seqs[-1]}
        self._room = _ROOM - sum(map(_length, self._fresh.values()))
        return len(seqs)

    def forget(self, connection: sqlite3.Connection, seqs: list[int]) -> None:
        """Take exchanges out of the index, inside the caller's transaction."""
        upto = indexed(connection)
        known = [(seq, texts(connection, seq)) for seq in seqs if seq <= upto]
        connection.executemany(
            "INSERT INTO words (words, rowid, path, headers, bodies) VALUES ('delete', ?, ?, ?, ?)",
            ((seq, *made) for seq, made in known),
        )
        self._owe(made for _, made in known)

    def merge_next(self, connection: sqlite3.Connection, at_most: int) -> int:
        """Join parts of the index.

        Returns:
            How many pages were written, about; fewer than ``at_most`` means that it is enough.
        """
        if self._debt < _FEW:
            return 0
        pages = int(min(self._debt, at_most))
        before = connection.total_changes
        with transaction(connection):
            connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
        self._debt -= pages
        # FTS5's documentation: with a difference below two there was nothing to do.
        if connection.total_changes - before < 2:
            self._debt = 0.0
            return 0
        return pages

    def _owe(self, several: Iterable[Texts]) -> None:
        self._debt += _PAGES_PER_CHARACTER * sum(map(_length, several))


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


def _length(made: Texts) -> int:
    return len(made[0]) + len(made[1]) + len(made[2])


_ROOM = 2 * 1024 * 1024
"""Characters of text that are kept."""

_PAGES_PER_CHARACTER = 1 / 1000
"""A page of 4,000 bytes holds about as many characters, and is written again on each level."""

_FEW = 16
"""A step below so many pages costs more than it joins."""
