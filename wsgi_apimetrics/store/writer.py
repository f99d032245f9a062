"""Writing: lines in, in one short transaction each time; the upkeep between them.

A writer belongs to one process and one thread at a time, holds no lock between calls, and may
be used beside writers of other processes. Nothing is opened before the first line.
"""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from . import retention, sealing, tally
from .connection import checkpointing, open_for_writing, transaction, translated
from .indexing import Words
from .pace import Pace, rest
from .retention import Limits
from .rows import COLUMNS, row_of

__all__ = ["Limits", "Writer"]

_INSERT = (
    f"INSERT INTO exchange ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608
    "ON CONFLICT (started_at, id) DO NOTHING"
)
_Done = TypeVar("_Done")
_Read = tuple[dict[str, Any], tuple[Any, ...], bytes]
"""A line's content, its row but for the ``seq``, and its record."""

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
        # Of exchanges, or of pages of the full-text index.
        self._paces = {"index": Pace(50), "prune": Pace(20), "merge": Pace(20)}
        self._words = Words()
        self._lock = threading.RLock()

    def append(self, lines: Iterable[bytes]) -> int:
        """Keep ``lines`` (see :mod:`wsgi_apimetrics.jsonline`), all of them or none.

        Returns:
            How many are no exchange and were left out. One whose id and time are there already
            is not kept twice.
        """
        read = [_read(line) for line in lines]
        known = [one for one in read if one is not None]
        with self._lock, translated(self.path), transaction(connection := self._open()):
            kept = _inserted(connection, known)
            connection.executemany(
                "INSERT INTO record VALUES (?, ?)", ((seq, packed) for seq, (_, _, packed) in kept)
            )
            tally.add(connection, (row for _, (_, row, _) in kept))
            tally.add_arrivals(connection, ((seq, row) for seq, (_, row, _) in kept))
            tally.add_callers(connection, (plain for _, (plain, _, _) in kept))
        for seq, (plain, _, _) in kept:
            self._words.keep(seq, plain)
        return len(read) - len(known)

    def index(self, seconds: float = 0.02) -> bool:
        """Let the marks and the full-text index catch up for about so many ``seconds``.

        Returns:
            Whether they are up to date.
        """
        sealed = _repeated(seconds, lambda: self._once(sealing.seal_next))
        return sealed and self._sliced("index", seconds, self._words.index_next)

    def prune(self, seconds: float = 0.02) -> bool:
        """Delete what is too old or too much for about so many ``seconds``.

        Returns:
            Whether everything is within the limits.
        """
        words, limits, now = self._words, self._limits, time.time()

        def prune_next(connection: sqlite3.Connection, at_most: int) -> int:
            return retention.prune_next(connection, words, limits, now, at_most)

        if not self._sliced("prune", seconds, prune_next):
            return False
        if time.monotonic() - self._tidied_at > _TIDY_EVERY_SECONDS:
            self._tidied_at = time.monotonic()
            tidy = functools.partial(retention.prune_tallies, limits=limits, now=now)
            _repeated(seconds, lambda: self._once(tidy))
        return _repeated(seconds, lambda: self._once(retention.give_back))

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

    def _sliced(
        self, name: str, seconds: float, action: Callable[[sqlite3.Connection, int], int]
    ) -> bool:
        """Repeat a sized ``action``, and after each time join what the index got by it."""

        def slice_() -> bool:
            more = self._sized(name, action)
            while self._sized("merge", self._words.merge_next):
                rest()
            return more

        return _repeated(seconds, slice_)

    def _sized(self, name: str, action: Callable[[sqlite3.Connection, int], int]) -> bool:
        """Do as much of an ``action`` as holds the lock shortly; whether there is more."""
        pace = self._paces[name]
        size = pace.size
        begun = time.monotonic()
        done = self._once(lambda connection: action(connection, size))
        pace.learn(done, begun)
        return done == size

    def _once(self, action: Callable[[sqlite3.Connection], _Done]) -> _Done:
        """Do one short piece of upkeep."""
        with self._lock, translated(self.path), checkpointing(connection := self._open()):
            return action(connection)

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


def _repeated(seconds: float, action: Callable[[], bool]) -> bool:
    """Repeat a short ``action`` until it says that nothing is left, or the time is over."""
    until = time.monotonic() + seconds
    while action():
        if time.monotonic() > until:
            return False
        rest()
    return True


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


def _inserted(connection: sqlite3.Connection, known: list[_Read]) -> list[tuple[int, _Read]]:
    """Insert rows, and return those that were not there yet, with the ``seq`` of each."""
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'exchange'").fetchone()
    first = (last[0] if last else 0) + 1
    numbered = list(enumerate(known, start=first))
    done = connection.executemany(_INSERT, ((seq, *row) for seq, (_, row, _) in numbered))
    if done.rowcount == len(numbered):
        return numbered
    query = "SELECT seq FROM exchange WHERE seq >= ?"
    new = {seq for (seq,) in connection.execute(query, (first,))}
    return [(seq, one) for seq, one in numbered if seq in new]


def _read(line: bytes) -> _Read | None:
    """Return a line's content, its row and its record; ``None`` if it is no exchange."""
    try:
        plain = json.loads(line)
        return plain, row_of(plain), zlib.compress(line, 1)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
