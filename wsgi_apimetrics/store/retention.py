"""What is kept: so many days and so many bytes, the oldest going first, a slice at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .connection import transaction
from .indexing import forget, indexed
from .tally import HOUR, MINUTE

SLICE = 20
"""Exchanges per transaction: what a writer may have to wait for."""

PAGES = 200
"""Pages given back to the file system per transaction."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept; the older goes first. Bytes are the file's, without its WAL."""

    max_bytes: int = 256 * 1024 * 1024
    max_age_seconds: float = 7 * 86400


def prune_next(connection: sqlite3.Connection, limits: Limits, now: float) -> int:
    """Delete the next slice of what is too old or too much.

    Returns:
        How many exchanges were deleted: 0 means that nothing is left to do.
    """
    too_many = used_bytes(connection) > limits.max_bytes
    oldest_kept = now - limits.max_age_seconds
    if not too_many and not _older(connection, oldest_kept, 1):
        return 0
    with transaction(connection):
        old = _older(connection, oldest_kept, SLICE)
        if not old and too_many:
            rows = connection.execute("SELECT seq FROM exchange ORDER BY seq LIMIT ?", (SLICE,))
            old = [seq for (seq,) in rows]
        delete(connection, old)
    return len(old)


def prune_tallies(connection: sqlite3.Connection, limits: Limits, now: float) -> None:
    """Delete the counts, and the callers, of what is too old."""
    oldest_kept = now - limits.max_age_seconds
    for table in ("tally", "latency"):
        for span in (MINUTE, HOUR):
            with transaction(connection):
                connection.execute(
                    f"DELETE FROM {table} WHERE span = ? AND start < ?",  # noqa: S608
                    (span, oldest_kept - span),
                )
    with transaction(connection):
        connection.execute("DELETE FROM arrival WHERE start < ?", (oldest_kept - MINUTE,))
        connection.execute("DELETE FROM caller WHERE last_seen < ?", (oldest_kept,))


def give_back(connection: sqlite3.Connection) -> bool:
    """Return some free pages to the file system; whether there may be more."""
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if free <= PAGES:
        return False
    with transaction(connection):
        connection.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
    return True


def delete(connection: sqlite3.Connection, seqs: list[int]) -> None:
    """Delete exchanges everywhere but in the counts, inside the caller's transaction."""
    known = indexed(connection)
    for seq in seqs:
        found = connection.execute("SELECT line FROM record WHERE seq = ?", (seq,)).fetchone()
        if found and seq <= known:
            forget(connection, seq, found[0])
    connection.executemany("DELETE FROM record WHERE seq = ?", ((seq,) for seq in seqs))
    connection.executemany("DELETE FROM exchange WHERE seq = ?", ((seq,) for seq in seqs))


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the file is in use."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _older(connection: sqlite3.Connection, oldest_kept: float, at_most: int) -> list[int]:
    rows = connection.execute(
        "SELECT seq FROM exchange WHERE started_at < ? ORDER BY started_at LIMIT ?",
        (oldest_kept, at_most),
    )
    return [seq for (seq,) in rows]
