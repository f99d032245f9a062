"""What is kept: so many days and so many bytes, the oldest going first, a slice at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from . import marks, sealing
from .connection import transaction
from .indexing import Words
from .tally import FACETS, HOUR, MINUTE

PAGES = 200
"""Pages given back to the file system per transaction."""

_STEPS = 15
"""Minutes, or hours, of which the counts go in one transaction."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept; the older goes first. Bytes are the file's, without its WAL."""

    max_bytes: int = 256 * 1024 * 1024
    max_age_seconds: float = 7 * 86400


def prune_next(
    connection: sqlite3.Connection, words: Words, limits: Limits, now: float, at_most: int
) -> int:
    """Delete the next slice of what is too old or too much.

    Returns:
        How many exchanges were deleted: 0 means that nothing is left to do.
    """
    too_many = used_bytes(connection) > limits.max_bytes
    oldest_kept = now - limits.max_age_seconds
    if not too_many and not _older(connection, oldest_kept, 1):
        return 0
    with transaction(connection):
        old = _older(connection, oldest_kept, at_most)
        if not old and too_many:
            rows = connection.execute("SELECT seq FROM exchange ORDER BY seq LIMIT ?", (at_most,))
            old = [seq for (seq,) in rows]
        delete(connection, words, old)
    return len(old)


def prune_tallies(connection: sqlite3.Connection, limits: Limits, now: float) -> bool:
    """Delete the next counts, and the callers, of what is too old; whether there may be more."""
    oldest_kept = now - limits.max_age_seconds
    more = False
    with transaction(connection):
        for span in (MINUTE, HOUR):
            for facet in ("all", *FACETS):
                more = _prune_tally(connection, span, facet, oldest_kept - span) or more
        connection.execute("DELETE FROM arrival WHERE start < ?", (oldest_kept - MINUTE,))
        if not more:
            connection.execute("DELETE FROM caller WHERE last_seen < ?", (oldest_kept,))
    return more


def _prune_tally(connection: sqlite3.Connection, span: int, facet: str, before: float) -> bool:
    where = "FROM tally WHERE span = ? AND facet = ?"
    oldest = connection.execute(f"SELECT min(start) {where}", (span, facet)).fetchone()[0]
    if oldest is None or oldest >= before:
        return False
    upto = min(before, oldest + _STEPS * span)
    connection.execute(f"DELETE {where} AND start < ?", (span, facet, upto))
    return bool(upto < before)


def give_back(connection: sqlite3.Connection) -> bool:
    """Return some free pages to the file system; whether there may be more.

    A tenth of the file is kept: the next exchanges take it, and each page that is given back is
    another page moved.
    """
    free, pages = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("freelist_count", "page_count")
    )
    if free <= max(PAGES, pages // 10):
        return False
    with transaction(connection):
        connection.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
    return True


def still_there(connection: sqlite3.Connection, seqs: list[int]) -> list[int]:
    """Return those of some exchanges that nobody else has deleted meanwhile."""
    query = "SELECT 1 FROM record WHERE seq = ?"
    return [seq for seq in seqs if connection.execute(query, (seq,)).fetchone()]


def delete(connection: sqlite3.Connection, words: Words, seqs: list[int]) -> None:
    """Delete exchanges everywhere but in the counts, inside the caller's transaction."""
    sealing.unseal(connection, {seq >> marks.BITS for seq in seqs})
    words.forget(connection, seqs)
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
