"""Writing: lines in, in one short transaction each time; the upkeep between them.

A writer belongs to one process and one thread at a time, holds no lock between calls, and may
be used beside writers of other processes. Nothing is opened before the first line.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterable
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
        self._lock = threading.RLock()

    def append(self, lines: Iterable[bytes]) -> int:
        """Keep ``lines`` (see :mod:`wsgi_apimetrics.jsonline`), all of them or none.

        Returns:
            How many are no exchange and were left out. One whose id is there already is
            not kept twice.
        """
        read = [_read(line) for line in lines]
        plains = [one for one in read if one is not None]
        with self._lock, translated(self.path), transaction(connection := self._open()):
            kept = []
            for plain, row, packed in plains:
                cursor = connection.execute(_INSERT, row)
                if cursor.rowcount:
                    connection.execute(
                        "INSERT INTO record VALUES (?, ?)", (cursor.lastrowid, packed)
                    )
                    kept.append((int(cursor.lastrowid or 0), row, plain))
            tally.add(connection, (row for _, row, _ in kept))
            tally.add_arrivals(connection, ((seq, row) for seq, row, _ in kept))
            tally.add_callers(connection, (plain for _, _, plain in kept))
        return len(read) - len(plains)

    def index(self, seconds: float = 0.02) -> bool:
        """Let the full-text index catch up for about so many ``seconds``.

        Returns:
            Whether it is up to date.
        """
        return self._sliced(seconds, indexing.index_next)

    def prune(self, seconds: float = 0.02) -> bool:
        """Delete what is too old or too much for about so many ``seconds``.

        Returns:
            Whether everything is within the limits.
        """
        now = time.time()
        if not self._sliced(seconds, lambda it: retention.prune_next(it, self._limits, now)):
            return False
        if time.monotonic() - self._tidied_at > _TIDY_EVERY_SECONDS:
            self._tidied_at = time.monotonic()
            self._sliced(seconds, lambda it: retention.prune_tallies(it, self._limits, now))
        return self._sliced(seconds, retention.give_back)

    def hold(self, seconds: float = 1.0) -> bool:
        """Close the file and keep it closed until :meth:`let_go`; for a fork.

        Returns:
            Whether that could be had within so many ``seconds``.
        """
        if not self._lock.acquire(timeout=seconds):
            return False
        self.close()
        return True

    def let_go(self) -> None:
        """Let the file be opened again, after :meth:`hold`."""
        self._lock.release()

    def _sliced(self, seconds: float, action: Callable[[sqlite3.Connection], object]) -> bool:
        """Repeat a short ``action`` until it has nothing more to do, or the time is over."""
        until = time.monotonic() + seconds
        while True:
            begun = time.monotonic()
            with self._lock, translated(self.path):
                if not action(self._open()):
                    return True
            now = time.monotonic()
            if now > until:
                return False
            # Whoever waits for the lock looks every millisecond: leave a gap to be seen.
            time.sleep(min(0.005, max(0.002, now - begun)))

    def close(self) -> None:
        """Close the file. May be called more than once; the next use opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            _mind_forks(self)
            self._connection = open_for_writing(self.path)
        return self._connection


_writers: weakref.WeakSet[Writer] = weakref.WeakSet()
_held: list[Writer] = []


def _mind_forks(writer: Writer) -> None:
    """Have the file closed whenever the process forks.

    SQLite's locks belong to the process that took them, but its notes of them are copied: a child
    would believe that it holds what only its parent does ("How To Corrupt An SQLite
    Database File", section 2.6), even on a connection of its own to the same file.
    """
    if not _writers:
        os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
    _writers.add(writer)


def _before() -> None:
    _held.extend(writer for writer in list(_writers) if writer.hold())


def _after() -> None:
    while _held:
        _held.pop().let_go()


def _read(line: bytes) -> tuple[dict[str, Any], tuple[Any, ...], bytes] | None:
    """Return a line's content, its row and its record; ``None`` if it is no exchange."""
    try:
        plain = json.loads(line)
        return plain, row_of(plain), zlib.compress(line, 1)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
