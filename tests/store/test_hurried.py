"""Who is in a hurry gets what was found until then, is told so, and may go on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from wsgi_apimetrics.store import Filter, hunting, marks, sealing, searching, starts

from .samples import NOON, exchange

WORDS = " ".join(f"brick{number}" for number in range(40))
ALL = 90


@pytest.fixture(params=[(), (404,)], ids=["unfiltered", "filtered"])
def wanted(request):
    """Makes a filter of what is typed, with another condition or without."""
    return lambda typed: Filter(search=typed, status=request.param)


@pytest.fixture
def wall(filled, monkeypatch):
    """Exchanges that all have the same words, in blocks of which one is sealed; three were 500."""
    for name, value in {"BITS": 5, "SIZE": 32, "LISTED": 1}.items():
        monkeypatch.setattr(marks, name, value)
    monkeypatch.setattr(sealing, "GOING", 0)
    return filled(
        *(
            exchange(
                f"/wall/{number}",
                at=NOON + number,
                status=500 if number in {40, 60, 80} else 404,
                got=json.dumps({"n": number, "words": WORDS}).encode(),
            )
            for number in range(ALL)
        )
    )


@pytest.fixture
def no_time(monkeypatch):
    """SQLite looks at the clock at each step, and its time is always over."""
    monkeypatch.setattr(hunting, "_STEPS", 1)
    return -1.0


TYPED = ["wall", '"wall words"', "path:words", "words -wall", "bri*", "brick*", "path:bri*", "w*"]
TYPED += [
    "path:brick*",
    'wall path:"brick1"*',
    "wall -brick*",
    "wall -b*",
    "é* wall",
    "w* b* a* h*",
]


@pytest.mark.parametrize("typed", TYPED)
def test_a_search_without_time_is_cut_and_goes_on(wall, wanted, no_time, typed):
    """What was left out is on the pages after it: each exchange once, in its order."""
    whole = [one.seq for one in wall.page(wanted(typed), size=200).summaries]
    first = wall.page(wanted(typed), size=7, seconds=no_time)
    assert first.is_cut
    assert first.next_cursor is not None
    seen, cursor = [one.seq for one in first.summaries], first.next_cursor
    while cursor is not None:
        page = wall.page(wanted(typed), cursor, size=7, seconds=no_time)
        assert not page.is_cut
        seen += [one.seq for one in page.summaries]
        cursor = page.next_cursor
    assert seen == whole


@pytest.mark.parametrize("typed", TYPED)
def test_a_count_without_time_is_no_more_than_there_is(wall, wanted, no_time, typed):
    """And says that it is not all."""
    found, is_all = wall.at_least(wanted(typed), 1000, no_time)
    assert not is_all
    assert found <= wall.count(wanted(typed), 1000)


@pytest.mark.parametrize("typed", [*TYPED, "nowhere", "-wall"])
@pytest.mark.parametrize(("words", "read"), [(32, 600), (3, 600), (3, 5)])
def test_with_time_enough_a_hurried_search_finds_the_same(
    wall, wanted, monkeypatch, typed, words, read
):
    """Page by page, also where a page ends early as there is too much to read on the spot."""
    monkeypatch.setattr(starts, "MOST_WORDS", words)
    monkeypatch.setattr(searching, "MOST_READ", read)
    whole = [one.seq for one in wall.page(wanted(typed), size=200).summaries]
    seen, cursor = [], None
    while True:
        page = wall.page(wanted(typed), cursor, size=7, seconds=60)
        seen += [one.seq for one in page.summaries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == whole
    found, is_all = wall.at_least(wanted(typed), 1000, 60)
    assert found == len(whole) if is_all else found <= len(whole)
    assert wall.at_least(wanted(typed), 3, 60)[0] <= 3


def test_an_index_on_the_spot_ends_when_time_is_over(wall, monkeypatch):
    """Step by step; what was not read is on the next page."""
    monkeypatch.setattr(starts, "MOST_WORDS", 3)
    monkeypatch.setattr(searching, "_AT_ONCE", 10)
    wanted = Filter(search="path:1*")
    first = wall.page(wanted, seconds=-1)
    assert (first.summaries, first.is_cut) == ((), True)
    found = wall.page(wanted, first.next_cursor, seconds=-1).summaries
    assert [one.path for one in found] == [f"/wall/{n}" for n in (*range(19, 9, -1), 1)]


def test_a_rare_condition_beside_a_common_word_is_asked_exchange_by_exchange(wall):
    """FTS5 is asked for those that meet it, not gone through for all others."""
    asked = []
    wall._connection.set_trace_callback(asked.append)
    page = wall.page(Filter(search="wall", status=(500,)))
    assert [one.path for one in page.summaries] == [f"/wall/{n}" for n in (80, 60, 40)]
    assert [one[-2:] for one in asked if "rowid = " in one] == ["81", "61", "41"]


def test_what_else_goes_wrong_is_not_taken_for_an_interruption(wall):
    """A damaged index is no search that took too long."""
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(sqlite3.OperationalError, match="no such table"),
    ):
        hunting.hunt(connection, "x", Filter(), (0, 9), 9, 60)
    with pytest.raises(sqlite3.OperationalError, match="unterminated"):
        hunting.hunt(wall._connection, '"', Filter(), (0, 9), 9, 60)


def test_who_follows_a_search_asks_only_of_what_came(wall):
    """The whole index is asked for nothing, however dear the search is."""
    asked = []
    wall._connection.set_trace_callback(asked.append)
    found = wall.newer(ALL - 5, Filter(search="wall"))
    assert [one.path for one in found] == [f"/wall/{n}" for n in range(ALL - 5, ALL)]
    assert [one for one in asked if "MATCH" in one] == []
