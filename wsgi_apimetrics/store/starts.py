"""What was typed, as expressions for the full-text index; starts of words as the words themselves.

FTS5 makes one list of all that a start finds before it gives the first, except for starts of three
letters, which it has ready. So the words that begin so are looked up, and searched for one by one:
then it stops where a page is full. Where they are too many to look up, some of them find a part of
what was typed, and what is ready finds more than that.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from .marks import LAST
from .searchable import Term, joined, terms

MOST_WORDS = 32
"""So many words are looked up, those of all starts together."""

ON_THE_SPOT = (
    "CREATE VIRTUAL TABLE words USING fts5 "
    "(path, headers, bodies, content='', tokenize='unicode61')"
)
"""An index that cuts texts into the same words."""

_LETTERS = 3  # as the table's ``prefix`` says
_WORD = re.compile("[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, in FTS5's language.

    Attributes:
        exact: It finds what was typed.
        quick: It finds the same, or some of it, and sooner; ``None``: nothing.
        wide: It finds at least the same; ``None``: everything does.
        ready: For each start of which not all words are known a list that holds all that it
            finds; ``None``: there is no such list for one of them.
    """

    exact: str
    quick: str | None
    wide: str | None
    ready: tuple[str, ...] | None = ()

    @property
    def is_complete(self) -> bool:
        """Whether ``quick`` finds all."""
        return self.ready == ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A term by some of the words that begin as it ends, and by what is ready.

    Attributes:
        known: It finds the same as the term, or some of it.
        wider: It finds at least the same; ``None``: nothing that does is ready.
        ready: A list of all that have a word with this start, wherever.
    """

    known: str
    is_complete: bool
    wider: str | None
    ready: str | None


def prepare(connection: sqlite3.Connection, typed: str) -> Search | None:
    """Return how to search for what was typed; ``None`` if no word is in it."""
    cut = [(term, _start(term)) for term in terms(typed)]
    room = max(2, MOST_WORDS // max(1, sum(words is not None for _, words in cut)))
    wanted, unwanted = (
        [(term, _part(connection, term, words, room)) for term, words in cut if is_one(term)]
        for is_one in (lambda term: not term.is_unwanted, lambda term: term.is_unwanted)
    )
    exact = joined(*(_known_or_typed(parts) for parts in (wanted, unwanted)))
    if exact is None:
        return None
    unknown = [part for _, part in (*wanted, *unwanted) if not part.is_complete]
    if not unknown:
        return Search(exact, exact, exact)
    without = [part.known if part.is_complete else part.wider for _, part in unwanted]
    quick = joined((part.known for _, part in wanted), (one for one in without if one))
    wide = joined(
        (part.wider for _, part in wanted if part.wider), (part.known for _, part in unwanted)
    )
    ready = [part.ready for part in unknown if part.ready]
    return Search(
        exact,
        None if None in without else quick,
        wide,
        tuple(ready) if len(ready) == len(unknown) else None,
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text as the index spells them.

    >>> words_of("/Café/Menü7"), words_of("a_B")
    (['cafe', 'menu7'], ['a', 'b'])
    """
    if text.isascii():
        return [word.lower() for word in _WORD.findall(text)]
    index = sqlite3.connect(":memory:")
    with contextlib.closing(index):
        index.execute(ON_THE_SPOT)
        index.execute("INSERT INTO words (rowid, path) VALUES (1, ?)", (text,))
        index.execute("CREATE VIRTUAL TABLE word USING fts5vocab(words, instance)")
        return [word for (word,) in index.execute("SELECT term FROM word ORDER BY offset")]


def _known_or_typed(parts: Iterable[tuple[Term, _Part]]) -> list[str]:
    return [part.known if part.is_complete else term.expression() for term, part in parts]


def _start(term: Term) -> list[str] | None:
    """Return a term's words, the last of which is a start that is to be looked up."""
    words = words_of(term.text) if term.is_start else []
    return words if words and len(words[-1]) != _LETTERS else None


def _part(connection: sqlite3.Connection, term: Term, words: list[str] | None, room: int) -> _Part:
    if words is None:
        typed = term.expression()
        return _Part(typed, is_complete=True, wider=typed, ready=None)
    *before, last = words
    known = _beginning(connection, last, room)
    each = " OR ".join(_phrase([*before, word]) for word in known or [last])
    ready = f"{_phrase([last[:_LETTERS]])}*" if len(last) > _LETTERS else None
    wider = None
    if ready:
        wider = term.placed(f"{_phrase([*before, last[:_LETTERS]])}*")
    elif before:
        wider = term.placed(_phrase(before))
    return _Part(term.placed(f"({each})"), len(known) < room, wider, ready)


def _phrase(words: list[str]) -> str:
    return f'"{" ".join(words)}"'


def _beginning(connection: sqlite3.Connection, start: str, at_most: int) -> list[str]:
    """Return the first words of the index that begin so."""
    # A table that is there for this connection only, and says what is in another.
    connection.execute("PRAGMA query_only = OFF")
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab(main, words, instance)"
    )
    connection.execute("PRAGMA query_only = ON")
    found: list[str] = []
    following = start
    while len(found) < at_most:
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
