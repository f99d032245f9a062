"""Writing: lines in, in one short transaction each time; the upkeep between them.

A writer belongs to one process and one thread at a time, holds no lock between calls, and may
be used beside writers of other processes. Nothing is opened before the first line.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import indexing, retention, tally
from .connection import open_for_writing, transaction, translated
from .retention import Limits
from .rows import COLUMNS, INSERTED, row_of

__all__ = ["Limits", "Writer"]

_INSERT = (
    f"INSERT INTO exchange ({INSERTED}) VALUES ({', '.join('?' * (len(COLUMNS) - 1))}) "  # noqa: S608
    "ON CONFLICT (id) DO NOTHING"
)
_DEFAULT_LIMITS = Limits()
_TIDY_EVERY_SECONDS = 60.0


class Writer:
    """Append exchanges to the store at ``path``.

    Raises:
        StoreError: (at the first use) the file is not ours, damaged or newer.
        sqlite3.OperationalError: the disk is full, or the file was locked for too long;
            nothing of the call was kept, and trying again is right.
    """

    def __init__(self, path: Path, limits: Limits = _DEFAULT_LIMITS) -> None:
        self.path = path
        self._limits = limits
        self._connection: sqlite3.Connection | None = None
        self._tidied_at = 0.0

    def append(self, lines: Iterable[bytes]) -> int:
        """Keep ``lines`` (see :mod:`wsgi_apimetrics.jsonline`), all of them or none.

        Returns:
            How many are no exchange and were left out. One whose id is there already is
            not kept twice.
        """
        read = [_read(line) for line in lines]
        plains = [one for one in read if one is not None]
        connection = self._open()
        with translated(self.path), transaction(connection):
            kept = []
            for plain, row, packed in plains:
                cursor = connection.execute(_INSERT, row)
                if cursor.rowcount:
                    connection.execute(
                        "INSERT INTO record VALUES (?, ?)", (cursor.lastrowid, packed)
                    )
                    kept.append((plain, row))
            tally.add(connection, (row for _, row in kept))
            tally.add_callers(connection, (plain for plain, _ in kept))
        return len(read) - len(plains)

    def index(self, seconds: float = 0.02) -> bool:
        """Let the full-text index catch up for about so many ``seconds``.

        Returns:
            Whether it is up to date.
        """
        connection = self._open()
        until = time.monotonic() + seconds
        with translated(self.path):
            while indexing.index_next(connection) == indexing.SLICE:
                if time.monotonic() > until:
                    return False
        return True

    def prune(self, seconds: float = 0.02) -> bool:
        """Delete what is too old or too much for about so many ``seconds``.

        Returns:
            Whether everything is within the limits.
        """
        connection = self._open()
        until = time.monotonic() + seconds
        now = time.time()
        with translated(self.path):
            while retention.prune_next(connection, self._limits, now):
                if time.monotonic() > until:
                    return False
            while retention.give_back(connection):
                if time.monotonic() > until:
                    return False
            if time.monotonic() - self._tidied_at > _TIDY_EVERY_SECONDS:
                retention.prune_tallies(connection, self._limits, now)
                connection.execute("PRAGMA optimize")
                self._tidied_at = time.monotonic()
        return True

    def close(self) -> None:
        """Close the file. May be called more than once; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_for_writing(self.path)
        return self._connection


def _read(line: bytes) -> tuple[dict[str, Any], tuple[Any, ...], bytes] | None:
    """Return a line's content, its row and its record; ``None`` if it is no exchange."""
    try:
        plain = json.loads(line)
        return plain, row_of(plain), zlib.compress(line, 1)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
