"""Starts of words find what the index itself would find, however many words begin so."""

from __future__ import annotations

import random

import pytest

from wsgi_apimetrics.store import Filter, searching, starts
from wsgi_apimetrics.store.searchable import match_expression

from .samples import NOON, exchange, lines, walked

WORDS = [f"{name}{number}" for name in ("lamp", "lamb", "desk", "la") for number in range(30)]


@pytest.fixture
def shelf(filled):
    """A hundred exchanges with words of which many begin alike."""
    chance = random.Random(5)
    return filled(
        *(
            exchange(
                f"/{chance.choice(WORDS)}/{number}",
                at=NOON + number,
                status=chance.choice((200, 404)),
                got=" ".join(chance.choices(WORDS, k=chance.choice((1, 1, 12)))).encode(),
            )
            for number in range(100)
        )
    )


@pytest.mark.parametrize(("words", "read"), [(500, 600), (3, 600), (3, 5), (1, 0)])
@pytest.mark.parametrize("status", [(), (404,)])
@pytest.mark.parametrize(
    "typed",
    [
        *("la*", "lamp*", "LAMP1*", "l*", "lam*", "desk* lamp*", "path:lamb*", "path:/lamp1*"),
        *(
            "lamp* -desk*",
            "lamp* -desk3",
            "lamp2*.",
            "é* lamp*",
            "zebra*",
            "desk* zebra*",
            "9*",
            "com/l*",
        ),
    ],
)
def test_a_start_finds_what_the_index_finds(shelf, monkeypatch, typed, status, words, read):
    """All of it in its order, also where the words are too many, or too much was missed."""
    monkeypatch.setattr(starts, "MOST_WORDS", words)
    monkeypatch.setattr(searching, "MOST_READ", read)
    expected = shelf._connection.execute(
        "SELECT words.rowid FROM words CROSS JOIN exchange ON seq = words.rowid "
        "WHERE words MATCH ? AND (status = ? OR ? IS NULL) ORDER BY words.rowid DESC",
        (match_expression(typed), *(status or (None,)) * 2),
    ).fetchall()
    wanted = Filter(search=typed, status=status)
    for size in (1, 7, 200):
        assert [(one.seq,) for one in walked(shelf, wanted, size)] == expected
    assert shelf.count(wanted) == len(expected)
    assert shelf.count(wanted, at_most=3) == min(3, len(expected))
    newer = [(one.seq,) for one in shelf.newer(50, wanted)]
    assert newer == [(seq,) for (seq,) in reversed(expected) if seq > 50]


def test_a_start_is_looked_up_again_when_something_came(filled, writer):
    """A reader that stays open finds words that the index did not know before."""
    store = filled(exchange("/1", got=b"lampshade"))
    assert store.count(Filter(search="lamps*")) == 1
    writer.append(lines(exchange("/2", got=b"lampstand")))
    assert writer.index(60)
    assert store.count(Filter(search="lamps*")) == 2


def test_what_is_not_indexed_yet_is_not_found_on_the_spot_either(filled, writer, monkeypatch):
    """A page does not show what its count and the next page leave out."""
    monkeypatch.setattr(starts, "MOST_WORDS", 1)
    store = filled(*(exchange(f"/{n}", got=b"a1 a2") for n in range(5)))
    writer.append(lines(exchange("/later", got=b"a1")))
    assert len(store.page(Filter(search="a*")).summaries) == 5
