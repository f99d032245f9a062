"""One spool file, as one process uses it: put, take, remove, each a transaction of its own.

Several processes share the file; each works on the exchanges under the leases that it holds.
Errors of SQLite go through: what they mean is :mod:`spool_stock`'s to decide.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..payload import Fragment, Outcome
from .policy import BatchLimits
from .spool_lease import Holder
from .spool_schema import checksum, connect

MOST_DEAD_LETTERS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """An exchange in the spool; ``intact`` says whether it is what was written."""

    position: int
    fragment: Fragment
    intact: bool = True


@dataclass(frozen=True, slots=True)
class Removed:
    """How many exchanges were taken out, of those held here and of those held by others."""

    mine: int = 0
    others: int = 0


class Spool:
    """An open spool file and the leases that this process holds on it."""

    def __init__(self, path: str, durability: str = "normal") -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection = connect(path, durability)
        self._holder = Holder.here()
        self._leases: list[int] = []
        self._own = 0

    def put(self, fragments: Sequence[Fragment]) -> list[int]:
        """Write ``fragments`` in one commit, and return their positions.

        Where the disk has no room for the log to grow, the log is emptied into the file, which
        may have free pages, and the commit tried once more.
        """
        try:
            return self._put(fragments)
        except sqlite3.OperationalError as error:
            if not any(word in str(error) for word in ("full", "I/O")):
                raise
            with self._lock:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return self._put(fragments)

    def _put(self, fragments: Sequence[Fragment]) -> list[int]:
        now = time.time()
        positions = []
        with self._transaction() as connection:
            own = self._own if self._own in self._leases else self._holder.begin(connection)
            for fragment in fragments:
                cursor = connection.execute(
                    "INSERT INTO exchange (id, kept_at, lease, checksum, content)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (fragment.id, now, own, checksum(fragment.id, fragment.content),
                     fragment.content),
                )  # fmt: skip
                positions.append(int(cursor.lastrowid or 0))
        if own not in self._leases:
            self._leases.append(own)
            self._own = own
        return positions

    def take(self, limits: BatchLimits, besides: frozenset[int]) -> list[Row]:
        """Return the oldest exchanges held here, as many as fit one payload, without ``besides``.

        They stay in the spool until :meth:`remove`.
        """
        rows: list[Row] = []
        room = limits.max_bytes
        with self._lock:
            for lease in self._leases:
                for row in self._rows(lease, limits.max_exchanges + len(besides)):
                    if row.position in besides:
                        continue
                    room -= len(row.fragment.content)
                    if rows and (room < 0 or len(rows) == limits.max_exchanges):
                        return rows
                    rows.append(row)
        return rows

    def remove(self, positions: Sequence[int]) -> int:
        """Take out exchanges that are held here, and return how many of them still were."""
        with self._transaction() as connection:
            return self._remove(connection, positions)

    def set_aside(self, fragments: Sequence[tuple[Fragment, int | None]], outcome: Outcome) -> int:
        """Move exchanges to the dead letters, with the backend's answer; the newest are kept.

        Returns:
            How many were moved.
        """
        now = time.time()
        with self._transaction() as connection:
            for fragment, _ in fragments:
                connection.execute(
                    "INSERT INTO dead_letter (id, refused_at, status_code, answer, checksum,"
                    " content) VALUES (?, ?, ?, ?, ?, ?)",
                    (fragment.id, now, outcome.status_code, outcome.error[:2000],
                     checksum(fragment.id, fragment.content), fragment.content),
                )  # fmt: skip
            self._remove(connection, [position for _, position in fragments if position])
            connection.execute(
                "DELETE FROM dead_letter WHERE position <="
                " (SELECT max(position) FROM dead_letter) - ?",
                (MOST_DEAD_LETTERS,),
            )
        return len(fragments)

    def holds(self, positions: Sequence[int]) -> bool:
        """Whether all of these are here and held here still."""
        with self._lock:
            marks = ",".join("?" * len(positions))
            found = self._connection.execute(
                f"SELECT count(*) FROM exchange WHERE position IN ({marks})"  # noqa: S608 - marks
                " AND lease IN (SELECT id FROM lease WHERE holder = ?)",
                (*positions, self._holder.name),
            )
            return bool(found.fetchone()[0] == len(positions))

    def renew(self) -> tuple[int, int]:
        """Renew the leases and take over what has ended.

        Returns:
            How many exchanges are held here that were before, and how many were taken over.
        """
        with self._transaction() as connection:
            kept = self._holder.renew(connection)
            held = self._count(connection, kept)
            adopted = self._holder.adopt(connection)
            gained = self._count(connection, adopted)
            self._leases = sorted({*kept, *adopted})
            self._leases = [
                lease
                for lease in self._leases
                if lease == self._own or not self._ended(connection, lease)
            ]
        return held, gained

    def trim(self, max_bytes: int, besides: frozenset[int]) -> Removed:
        """Take out the oldest, whoever holds them, until what is kept fits ``max_bytes``."""
        mine = others = 0
        while (excess := self.size() - max_bytes) > 0:
            removed = self._take_out("ORDER BY position LIMIT 1000", (), besides, excess)
            if not removed.mine + removed.others:
                break
            mine, others = mine + removed.mine, others + removed.others
        return Removed(mine, others)

    def expire(self, before: float, besides: frozenset[int]) -> Removed:
        """Take out what was put in ``before`` a Unix time, whoever holds it."""
        return self._take_out("WHERE kept_at < ? ORDER BY position LIMIT 10000", (before,), besides)

    def size(self) -> int:
        """Return the bytes in use: pages, without those that are free."""
        with self._lock:
            pages, free, size = (
                self._connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    def shrink(self) -> None:
        """Give free pages back to the file system, some at a time."""
        with self._lock:
            self._connection.execute("PRAGMA incremental_vacuum(1000)").fetchall()

    def close(self, *, release: bool = True) -> None:
        """Let go of the leases and of the file."""
        with self._lock:
            try:
                if release:
                    with self._transaction() as connection:
                        self._holder.release(connection)
            finally:
                self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._roll_back()
                raise
            try:
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _rows(self, lease: int, most: int) -> Iterator[Row]:
        rows = self._connection.execute(
            "SELECT position, id, checksum, content FROM exchange WHERE lease = ?"
            " ORDER BY position LIMIT ?",
            (lease, most),
        )
        for position, exchange_id, check, content in rows:
            yield Row(
                position, Fragment(exchange_id, content), _intact(exchange_id, check, content)
            )

    def _remove(self, connection: sqlite3.Connection, positions: Sequence[int]) -> int:
        return sum(
            connection.execute(
                "DELETE FROM exchange WHERE position = ?"
                " AND lease IN (SELECT id FROM lease WHERE holder = ?)",
                (position, self._holder.name),
            ).rowcount
            for position in positions
        )

    def _take_out(
        self, which: str, values: tuple[float, ...], besides: frozenset[int], goal: float = math.inf
    ) -> Removed:
        """Delete rows until ``goal`` bytes of content are gone."""
        with self._transaction() as connection:
            query = f"SELECT position, lease, length(content) FROM exchange {which}"  # noqa: S608
            rows = []
            for row in connection.execute(query, values).fetchall():
                if row[0] not in besides and goal > 0:
                    rows.append(row)
                    goal -= row[2]
            connection.executemany(
                "DELETE FROM exchange WHERE position = ?", [row[:1] for row in rows]
            )
        mine = sum(row[1] in self._leases for row in rows)
        return Removed(mine, len(rows) - mine)

    def _count(self, connection: sqlite3.Connection, leases: Sequence[int]) -> int:
        return sum(
            connection.execute("SELECT count(*) FROM exchange WHERE lease = ?", (it,)).fetchone()[0]
            for it in leases
        )

    def _ended(self, connection: sqlite3.Connection, lease: int) -> bool:
        """Forget a lease that nothing is left under."""
        if self._count(connection, [lease]):
            return False
        connection.execute("DELETE FROM lease WHERE id = ?", (lease,))
        return True


def _intact(exchange_id: object, check: object, content: object) -> bool:
    return (
        isinstance(exchange_id, str)
        and isinstance(content, bytes)
        and checksum(exchange_id, content) == check
    )
