"""Searching for the starts of words, without reading every word that begins so.

FTS5 makes one list of all that a start finds before it gives the first, except for starts of three
letters, which it has ready. So the words that begin so are looked up, and searched for one by one:
then it stops where a page is full. Where they are too many to look up, the first of them find
enough, or there is little to find; what they missed is then among the newest exchanges, of which
an index is made on the spot.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from . import listing
from .conditions import Filter
from .indexing import ADD, indexed, texts
from .marks import LAST
from .searchable import Term, joined, terms
from .tally import seqs_between

MOST_WORDS = 32
"""So many words of one start are looked up."""

MOST_READ = 600
"""So many exchanges are indexed on the spot."""

_LETTERS = 3  # as the table's ``prefix`` says
_ON_THE_SPOT = (
    "CREATE VIRTUAL TABLE words USING fts5 "
    "(path, headers, bodies, content='', tokenize='unicode61')"
)
_LAST_WORD = re.compile(r"([0-9A-Za-z]+)[^0-9A-Za-z]*\Z")


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, in FTS5's language.

    Attributes:
        exact: It finds what was typed.
        quick: It finds the same, or some of it, and sooner.
        wide: It finds at least the same; ``None``: everything does.
        is_complete: Whether ``quick`` finds all.
    """

    exact: str
    quick: str
    wide: str | None
    is_complete: bool


def prepare(connection: sqlite3.Connection, typed: str) -> Search | None:
    """Return how to search for what was typed; ``None`` if no word is in it."""
    parts = terms(typed)
    unwanted = [part.expression() for part in parts if part.is_unwanted]
    wanted = [part for part in parts if not part.is_unwanted]
    exact = joined([part.expression() for part in wanted], unwanted)
    if exact is None:
        return None
    if not any(_last_word(part) for part in wanted):
        return Search(exact, exact, exact, is_complete=True)
    is_complete = True
    quick: list[str] = []
    wide: list[str] = []
    for part in wanted:
        last = _last_word(part)
        if last is None:
            quick.append(part.expression())
            wide.append(part.expression())
            continue
        known = _words(connection, last)
        is_complete = is_complete and len(known) < MOST_WORDS
        quick.append(_any_of(part, last, known))
        wide += _wider(part, last)
    return Search(
        exact, joined(quick, unwanted) or exact, joined(wide, unwanted), is_complete=is_complete
    )


def rows(
    connection: sqlite3.Connection, search: Search, wanted: Filter, before: int | None, size: int
) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of what is found, the newest ``seq`` first."""
    first, last = seqs_between(connection, wanted.since, wanted.until)
    last = last if before is None else min(last, before - 1)
    found = _seqs(connection, search.quick, wanted, (first, last), size)
    if not search.is_complete:
        above = (found[-1] + 1 if len(found) == size else first, last)
        missed = _missed(connection, search, wanted, above, found)
        if missed is None:
            found = _seqs(connection, search.exact, wanted, (first, last), size)
        else:
            found = sorted([*found, *missed], reverse=True)[:size]
    return listing.by_keys(connection, [(0.0, seq) for seq in found])


def count(connection: sqlite3.Connection, search: Search, wanted: Filter, at_most: int) -> int:
    """Count what is found, stopping at ``at_most``."""
    bounds = seqs_between(connection, wanted.since, wanted.until)
    found = len(_seqs(connection, search.quick, wanted, bounds, at_most))
    if found < at_most and not search.is_complete:
        return len(_seqs(connection, search.exact, wanted, bounds, at_most))
    return found


def newer(
    connection: sqlite3.Connection, search: Search, wanted: Filter, seq: int, at_most: int
) -> list[tuple[Any, ...]]:
    """Return the columns ``SELECTED`` of what is found after ``seq``, the oldest first."""
    bounds = (seq + 1, 2**62)
    expression = search.quick
    if not search.is_complete:
        missed = _missed(connection, search, wanted, bounds, [])
        if missed is not None:
            return listing.by_keys(connection, [(0.0, one) for one in sorted(missed)[:at_most]])
        expression = search.exact
    found = _seqs(connection, expression, wanted, bounds, at_most, "ASC")
    return listing.by_keys(connection, [(0.0, one) for one in found])


def _seqs(
    connection: sqlite3.Connection,
    expression: str | None,
    wanted: Filter,
    bounds: tuple[int, int],
    at_most: int,
    order: str = "DESC",
) -> list[int]:
    """Return the ``seq`` of what an expression finds; without one, of all that is indexed."""
    first, last = bounds
    if expression is None:
        found = connection.execute(
            "SELECT seq FROM exchange NOT INDEXED WHERE seq BETWEEN ? AND ? ORDER BY seq DESC",
            (first, min(last, indexed(connection))),
        )
    else:
        found = connection.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? "  # noqa: S608
            f"ORDER BY rowid {order}",
            (expression, first, last),
        )
    sieve = listing.Sieve(connection, wanted)
    passed = (seq for (seq,) in found if sieve.passes(seq))
    return list(itertools.islice(passed, at_most))


def _missed(
    connection: sqlite3.Connection,
    search: Search,
    wanted: Filter,
    bounds: tuple[int, int],
    found: list[int],
) -> set[int] | None:
    """Return what the quick expression did not find in a range; ``None`` if that is long."""
    candidates = _seqs(connection, search.wide, wanted, bounds, MOST_READ + 1)
    if len(candidates) > MOST_READ:
        return None
    unknown = set(candidates).difference(found)
    return _on_the_spot(connection, search.exact, unknown)


def _on_the_spot(connection: sqlite3.Connection, exact: str, seqs: set[int]) -> set[int]:
    """Return which of some exchanges an expression finds, by an index made of them alone."""
    index = sqlite3.connect(":memory:")
    with contextlib.closing(index):
        index.execute(_ON_THE_SPOT)
        index.executemany(ADD, ((seq, *texts(connection, seq)) for seq in seqs))
        return {
            seq for (seq,) in index.execute("SELECT rowid FROM words WHERE words MATCH ?", (exact,))
        }


def _last_word(part: Term) -> str | None:
    """Return the start of a word that is to be looked up, in the index's own spelling."""
    found = _LAST_WORD.search(part.text) if part.is_start and part.text.isascii() else None
    return None if found is None or len(found[1]) == _LETTERS else found[1].lower()


def _before_last_word(text: str) -> str:
    found = _LAST_WORD.search(text)
    return text if found is None else text[: found.start()]


def _any_of(part: Term, last: str, known: list[str]) -> str:
    """Return an expression for a term whose last word is one of those that are ``known``."""
    before = _before_last_word(part.text)
    each = " OR ".join(f'"{before}{word}"' for word in known or [last])
    return part.placed(f"({each})")


def _wider(part: Term, last: str) -> list[str]:
    """Return an expression that finds more than a term, from what the index has ready."""
    before = _before_last_word(part.text)
    if len(last) > _LETTERS:
        return [part.placed(f'"{before}{last[:_LETTERS]}"*')]
    return [part.placed(f'"{before}"')] if any(map(str.isalnum, before)) else []


def _words(connection: sqlite3.Connection, start: str) -> list[str]:
    """Return the first words of the index that begin so."""
    # A table that is there for this connection only, and says what is in another.
    connection.execute("PRAGMA query_only = OFF")
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab(main, words, instance)"
    )
    connection.execute("PRAGMA query_only = ON")
    found: list[str] = []
    following = start
    while len(found) < MOST_WORDS:
        row = connection.execute(
            "SELECT term FROM temp.word WHERE term >= ? AND term < ? LIMIT 1",
            (following, start + LAST),
        ).fetchone()
        if row is None:
            break
        found.append(row[0])
        # The least text after the word itself: nothing in between is a word.
        following = f"{row[0]}\x01"
    return found
