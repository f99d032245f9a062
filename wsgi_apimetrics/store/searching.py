"""Searching: what is quick is asked first, and what that missed is looked for afterwards.

Where an expression finds only a part (:mod:`.starts`), what it missed is newer than the last that
is shown, or is little. Of those exchanges an index is made on the spot, and asked what was typed.
Who is not in a hurry gets all in the end, as FTS5 itself finds it; who is gets what there was time
for, and how far that is (:mod:`.hunting`).
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time

from .conditions import Filter
from .hunting import Found, after, hunt
from .indexing import ADD, texts
from .starts import ON_THE_SPOT, Search
from .tally import seqs_between

MOST_READ = 600
"""So many exchanges are indexed on the spot."""

_AT_ONCE = 25
"""So many of them in one step, after which it may be enough."""

_SHORT = 20_000
"""A ready list of so many exchanges is short: FTS5 makes those for its words as quickly."""


def find(
    connection: sqlite3.Connection,
    search: Search,
    wanted: Filter,
    before: int | None,
    size: int,
    seconds: float = math.inf,
) -> Found:
    """Find the newest ``size`` exchanges with a ``seq`` below ``before``, in about ``seconds``."""
    first, last = seqs_between(connection, wanted.since, wanted.until)
    bounds = (first, last if before is None else min(last, before - 1))
    until = time.thread_time() + seconds
    if search.is_complete:
        return hunt(connection, search.exact, wanted, bounds, size, seconds)
    found = _some(connection, search, wanted, bounds, size, seconds / 2)
    # Below the last of a page that is full nothing was missed that belongs to it.
    above = (found.reached, bounds[1])
    left = max(until - time.thread_time(), seconds / 4)
    other = hunt(connection, search.wide, wanted, above, MOST_READ + 1, left)
    if not other.is_all and (seconds == math.inf or _is_short(connection, search)):
        return hunt(connection, search.exact, wanted, bounds, size, left)
    return _with_missed(connection, search, found, other, size, until)


def count(
    connection: sqlite3.Connection,
    search: Search,
    wanted: Filter,
    at_most: int,
    seconds: float = math.inf,
) -> tuple[int, bool]:
    """Count what is found up to ``at_most``; with it, whether there is no more than that."""
    bounds = seqs_between(connection, wanted.since, wanted.until)
    found = _some(connection, search, wanted, bounds, at_most, seconds)
    if search.is_complete or len(found.seqs) == at_most:
        return len(found.seqs), found.is_all
    if seconds < math.inf and not _is_short(connection, search):
        return len(found.seqs), False
    found = hunt(connection, search.exact, wanted, bounds, at_most, seconds)
    return len(found.seqs), found.is_all


def newer(
    connection: sqlite3.Connection, search: Search, wanted: Filter, seq: int, at_most: int
) -> list[int]:
    """Return the oldest that are found after ``seq``, the oldest first.

    Who follows a store asks so every second, of the few that came: FTS5 would go through what came
    before too, where nothing is found.
    """
    other = hunt(connection, None, wanted, (seq + 1, 2**62), MOST_READ + 1)
    if not other.is_all:
        return after(connection, search.exact, wanted, seq, at_most)
    return sorted(_on_the_spot(connection, search.exact, other.seqs))[:at_most]


def _some(
    connection: sqlite3.Connection,
    search: Search,
    wanted: Filter,
    bounds: tuple[int, int],
    at_most: int,
    seconds: float,
) -> Found:
    """Return what the quick expression finds."""
    if search.quick is None:
        return Found([], bounds[0], is_all=True)
    return hunt(connection, search.quick, wanted, bounds, at_most, seconds)


def _is_short(connection: sqlite3.Connection, search: Search) -> bool:
    """Whether FTS5's own way with the starts is quick: they hold for few exchanges."""
    query = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
    return search.ready is not None and all(
        connection.execute(query, (ready, _SHORT)).fetchone()[0] < _SHORT for ready in search.ready
    )


def _with_missed(
    connection: sqlite3.Connection,
    search: Search,
    found: Found,
    other: Found,
    size: int,
    until: float,
) -> Found:
    """Add what the quick expression missed among ``other``, the newest of them first."""
    known = set(found.seqs)
    newest = other.seqs[:MOST_READ]
    reached = newest[-1] if newest != other.seqs else other.reached
    for start in range(0, len(newest), _AT_ONCE):
        step = newest[start : start + _AT_ONCE]
        known |= _on_the_spot(connection, search.exact, [seq for seq in step if seq not in known])
        enough = sum(seq >= step[-1] for seq in known) >= size
        if step[-1] != newest[-1] and (enough or time.thread_time() > until):
            reached = step[-1]
            break
    seqs = sorted((seq for seq in known if seq >= reached), reverse=True)
    is_all = found.is_all and other.is_all and reached == other.reached
    return Found(seqs[:size], reached, is_all and len(seqs) <= size)


def _on_the_spot(connection: sqlite3.Connection, exact: str, seqs: list[int]) -> set[int]:
    """Return which of some exchanges an expression finds, by an index made of them alone."""
    index = sqlite3.connect(":memory:")
    with contextlib.closing(index):
        index.execute(ON_THE_SPOT)
        index.executemany(ADD, ((seq, *texts(connection, seq)) for seq in seqs))
        return {
            seq for (seq,) in index.execute("SELECT rowid FROM words WHERE words MATCH ?", (exact,))
        }
