"""Marks say the same as the rows: whatever is sealed, pruned, late, long or odd."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import sqlite3
import time
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsgi_apimetrics.exchange import Redaction
from wsgi_apimetrics.store import (
    Filter,
    Limits,
    Store,
    Writer,
    erasing,
    listing,
    marks,
    sealing,
    walking,
)
from wsgi_apimetrics.store.erasing import erase

from .samples import NOON, exchange, lines, walked

DAY = 86400.0
LONG = "x" * 300
PATHS = [None, "/users", "/users*", "/*", "/x*", "/none", f"/{LONG[:190]}/1", f"/{LONG}/2"]
PATHS += [f"/{LONG[:199]}*", f"/{LONG[:250]}*"]
SMALL = {"BITS": 5, "SIZE": 32, "LISTED": 1}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of 32, all but the oldest sealed; one place is a list, more are bits.

    Up to eight exchanges of a block are looked at one by one.
    """
    for name, value in SMALL.items():
        monkeypatch.setattr(marks, name, value)
    monkeypatch.setattr(sealing, "GOING", 0)
    monkeypatch.setattr(walking, "_SINGLY", 8)


def made(chance, number):
    long = LONG[: chance.choice((0, 0, 190, 300))]
    return exchange(
        chance.choice((f"/users/{number}", "/users", f"/{long}/{chance.randrange(3)}")),
        status=chance.choice((200, 200, 200, 404, 503)),
        at=NOON + chance.randrange(2000) / 10,
        method=chance.choice(("GET", "POST")),
        duration=chance.choice((0.0, 0.01, 0.0101, 0.25, 3.0)),
        caller=chance.choice((None, "ann", "bob")),
        got=b"y" * chance.choice((0, 10, 11, 3000)),
        client_address=chance.choice(("", "203.0.113.9")),
        aborted=chance.random() < 0.2,
        tags=tuple(chance.sample(("slow", "odd", "new"), chance.randrange(3))),
        framework=chance.choice((None, "flask")),
        scheme=chance.choice(("https", "https", "http")),
        query=chance.choice(("", "page=1", "page=2&x=%20")),
        request_type=chance.choice(("", "text/plain", "application/json")),
        sent=b"z" * chance.choice((0, 10, 11, 3000)),
        redactions=chance.choice(((), (Redaction("request.headers.Cookie", "Cookie"),))),
        parent_id=chance.choice((None, "p" * 32)),
    )


def seal_as_before(path):
    """Take the marks that came later away from every other block."""
    with closing(sqlite3.connect(path)) as connection:
        later = ", ".join(f"'{field}'" for field in marks.LATER)
        gone = connection.execute(f"DELETE FROM mark WHERE block % 2 AND field IN ({later})")
        assert gone.rowcount
        connection.commit()


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A store of 600 exchanges that came in no order, some pruned, in blocks sealed and open.

    Every other block was sealed by a version that had not all the marks.
    """
    path = tmp_path_factory.mktemp("marks") / "store.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(marks, name, value)
        patch.setattr(sealing, "GOING", 0)
        chance = random.Random(8)
        writer = Writer(path, Limits(max_age_seconds=time.time() - NOON - 20))
        for start in range(0, 600, 30):
            writer.append(lines(*(made(chance, start + n) for n in range(30))))
            assert writer.index(60)
        assert writer.prune(60)
        # Pruning opened blocks; some of them are sealed again, and others come to be opened.
        assert writer.index(60)
        writer.close()
        seal_as_before(path)
        store = Store(path)
        assert 5 < len(marks.blocks(store._connection)) < 19
    yield store
    store.close()


FILTERS = st.builds(
    Filter,
    since=st.none() | st.integers(0, 2000).map(lambda tenth: NOON + tenth / 10),
    until=st.none() | st.integers(0, 2000).map(lambda tenth: NOON + tenth / 10),
    method=st.sampled_from([(), ("GET",), ("GET", "POST"), ("PUT",)]),
    status=st.sampled_from([(), (404,), (200, 503)]),
    status_class=st.sampled_from([(), (5,), (2, 4)]),
    path=st.sampled_from(PATHS),
    caller=st.sampled_from([(), ("ann",), ("ann", "bob"), ("eve",)]),
    framework=st.sampled_from([None, "flask"]),
    aborted=st.none() | st.booleans(),
    redacted=st.none() | st.booleans(),
    scheme=st.sampled_from([None, "http", "https", "ws"]),
    query=st.sampled_from([None, "page", "x=%", "X"]),
    request_type=st.sampled_from([None, "", "text/plain", "text/html"]),
    tag=st.sampled_from([None, "odd", "no"]),
    parent_id=st.sampled_from([None, "p" * 32]),
    min_duration=st.sampled_from([None, 0.0, 0.0101, 0.3, 99.0]),
    max_duration=st.sampled_from([None, 0.0, 0.0101, 0.3]),
    min_request_size=st.sampled_from([None, 11]),
    max_request_size=st.sampled_from([None, 0, 10, 2999, 10**15]),
    min_response_size=st.sampled_from([None, 0, 11, 12, 3000]),
    max_response_size=st.sampled_from([None, 0, 11, 12]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS, st.integers(1, 60))
def test_a_list_is_what_the_rows_say(full, wanted, size):
    """Any filter, any page: the same as looking at every row."""
    where, parameters = wanted.joined()
    expected = full._connection.execute(
        f"SELECT id FROM exchange NOT INDEXED WHERE {where} ORDER BY started_at DESC, seq DESC",
        parameters,
    ).fetchall()
    assert [(one.id,) for one in walked(full, wanted, size)] == expected
    assert full.count(wanted) == len(expected)
    assert full.count(wanted, at_most=7) == min(7, len(expected))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS, st.integers(1, 60), st.integers(0, 3))
def test_a_list_without_time_is_cut_and_goes_on(full, wanted, size, patient):
    """Wherever its time is over: each exchange once, in its order; a count is at most all."""
    whole = [one.seq for one in walked(full, wanted, 600)]
    seen, cursor = [], None
    while True:
        page = full.page(wanted, cursor, size, seconds=math.inf if patient else -1.0)
        patient = max(0, patient - 1)
        seen += [one.seq for one in page.summaries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == whole
    found, is_all = full.at_least(wanted, 600, seconds=-1.0)
    assert found == len(whole) if is_all else found <= len(whole)


def test_a_list_that_takes_too_long_says_so(full):
    """A part of a query string is looked for in the rows, block by block, while there is time."""
    wanted = Filter(query="nowhere")
    first = full.page(wanted, seconds=-1.0)
    assert (first.summaries, first.is_cut) == ((), True)
    assert full.at_least(wanted, 9, seconds=-1.0) == (0, False)
    last = full.page(wanted, first.next_cursor, seconds=-1.0)
    assert (last.summaries, last.is_cut, last.next_cursor) == ((), False, None)


@pytest.mark.parametrize(
    "wanted",
    [
        {"scheme": "ws"},
        {"request_type": "text/html"},
        {"redacted": True},
        {"min_request_size": 1, "max_request_size": 10**6},
    ],
)
def test_what_marks_know_is_not_looked_for_in_rows(path, writer, wanted):
    """Not one exchange of a sealed block is read to find that none is of the kind."""
    writer.append(lines(*(exchange(f"/{n}", at=NOON + n) for n in range(96))))
    assert writer.index(60)
    with Store(path) as store:
        asked = []
        store._connection.set_trace_callback(asked.append)
        assert store.page(Filter(**wanted)).summaries == ()
        read = [one for one in asked if "FROM exchange NOT INDEXED" in one]
        assert len(read) == len(marks.open_ranges(store._connection)) == 2


def test_an_exchange_is_found_by_its_id_wherever_it_is(full):
    """In a sealed block and in an open one; by a part of the id too."""
    for (id_,) in full._connection.execute("SELECT id FROM exchange").fetchall():
        assert full.summary(id_).id == id_
        assert full.starting_with(id_[:12]) == (id_,)
    assert full.summary("0" * 36) is None


@pytest.mark.parametrize(("since", "until"), [(0, 400), (50, 51), (90, 160), (500, 600)])
def test_the_slowest_and_the_largest_are_those_of_the_rows(full, since, until):
    """In a time range that cuts blocks too."""
    for column in ("duration", "response_size"):
        rows = listing.most(full._connection, column, NOON + since, NOON + until, 12)
        at = [name.strip().removeprefix("exchange.") for name in listing.SELECTED.split(",")]
        expected = full._connection.execute(
            f"SELECT {column} FROM exchange NOT INDEXED WHERE started_at >= ? AND started_at < ? "
            f"ORDER BY {column} DESC LIMIT 12",
            (NOON + since, NOON + until),
        ).fetchall()
        assert [(row[at.index(column)],) for row in rows] == expected


def test_the_extent_counts_what_is_sealed_and_what_is_not(full):
    """Without reading every row."""
    counted = full._connection.execute("SELECT count(*) FROM exchange NOT INDEXED").fetchone()
    assert (full.extent().exchanges,) == counted


def test_a_block_is_sealed_when_it_is_full_and_opened_by_pruning(path):
    """The oldest stays open, for it goes next; nothing of what went is left in a mark."""
    now = time.time()
    writer = Writer(path, Limits(max_age_seconds=DAY))
    old = [exchange(f"/old/{n}", at=now - 2 * DAY + n, caller="gone") for n in range(80)]
    new = [exchange(f"/new/{n}", at=now - n, caller="here") for n in range(80)]
    writer.append(lines(*old, *new))
    assert writer.index(60)
    with Store(path) as store:
        assert [block.number for block in marks.blocks(store._connection)] == [2, 3, 4, 1]
        assert marks.open_ranges(store._connection) == [(160, 191), (1, 31)]
    assert writer.prune(60)
    with Store(path) as store:
        assert [block.number for block in marks.blocks(store._connection)] == [3, 4]
        assert store.count(Filter(caller=("here",))) == 80
        assert store.count(Filter(caller=("gone",))) == 0
        left = "SELECT count(*) FROM mark WHERE value = 'gone' OR value GLOB '/old/*'"
        assert store._connection.execute(left).fetchone() == (0,)
    writer.close()


def test_who_was_erased_is_in_no_mark(path, writer):
    """Marks hold callers, paths and ids: all of them go, and the rest is sealed again."""
    writer.append(
        lines(*(exchange(f"/{n}", caller=("ann", "bob")[n % 2], at=NOON + n) for n in range(199)))
    )
    assert writer.index(60)
    assert erase(path, ["ann"]) == 100
    with Store(path) as store:
        assert store.count(Filter(caller=("ann",))) == 0
        assert store.count(Filter(caller=("bob",))) == 99
        assert len(marks.blocks(store._connection)) == 5
        found = "SELECT count(*) FROM mark WHERE value = 'ann'"
        assert store._connection.execute(found).fetchone() == (0,)
    assert b"ann" not in path.read_bytes()


def test_calls_made_during_an_erased_exchange_go_with_it(path, writer, monkeypatch):
    """Wherever they are; and what another process prunes meanwhile is no error."""
    own = [exchange(f"/{n}", caller=("ann", "bob")[n % 2], at=NOON + n) for n in range(100)]
    calls = [
        exchange(f"/call/{n}", kind="client", parent_id=one.id, at=one.started_at)
        for n, one in enumerate(own)
    ]
    writer.append(lines(*own, *calls))
    assert writer.index(60)
    other = sqlite3.connect(path, isolation_level=None)
    real = erasing.transaction

    def meanwhile(connection):
        other.execute("DELETE FROM exchange WHERE seq = 1")
        other.execute("DELETE FROM record WHERE seq = 1")
        return real(connection)

    monkeypatch.setattr(erasing, "transaction", meanwhile)
    assert erase(path, ["ann"]) == 99
    other.close()
    with Store(path) as store:
        assert store.count(Filter(kind="client")) == 50
        assert store.count(Filter(caller=("bob",))) == 50
        assert store.count() == 100


def test_a_store_of_before_is_sealed_little_by_little(path, writer, monkeypatch):
    """A block at a time, when there is time; until then lists are right all the same."""
    monkeypatch.setattr(marks, "SIZE", 10**6)  # nothing is full
    writer.append(lines(*(exchange(f"/{n}", caller="ann") for n in range(200))))
    assert writer.index(60)
    with Store(path) as store:
        assert marks.blocks(store._connection) == []
        monkeypatch.setattr(marks, "SIZE", 32)
        for sealed in range(1, 6):
            assert sealing.seal_next(writer._open())
            assert len(marks.blocks(store._connection)) == sealed
            assert store.count(Filter(caller=("ann",))) == 200
        assert not sealing.seal_next(writer._open())


def test_what_was_pruned_while_a_block_was_being_sealed_is_not_marked(path, writer, monkeypatch):
    """Another process may prune between reading the rows and writing their marks."""
    writer.append(lines(*(exchange(f"/{n}") for n in range(100))))
    other = sqlite3.connect(path, isolation_level=None)
    real = sealing.transaction

    def meanwhile(connection):
        other.execute("DELETE FROM exchange WHERE seq = 40")
        return real(connection)

    monkeypatch.setattr(sealing, "transaction", meanwhile)
    sealing.seal(writer._open(), 1)
    with Store(path) as store:
        assert marks.blocks(store._connection) == []
    monkeypatch.setattr(sealing, "transaction", real)
    sealing.seal(writer._open(), 1)
    with Store(path) as store:
        assert [block.number for block in marks.blocks(store._connection)] == [1]
        assert store.count(Filter(method=("GET",))) == 99
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        {"started_at": float("nan")},
        {"timings": [float("inf"), 0]},
        {"request": {"body": {"size": "many"}}},
        {"response": {"body": {"size": [1]}}},
    ],
)
def test_times_and_sizes_that_are_none_are_no_exchange(path, writer, change):
    """A line that could not be counted or marked is refused, and costs the others nothing."""
    plain = json.loads(lines(exchange())[0])
    for name, value in change.items():
        plain[name] = {**plain[name], **value} if isinstance(value, dict) else value
    assert writer.append([json.dumps(plain).encode(), *lines(exchange("/good"))]) == 1
    with Store(path) as store:
        assert [one.path for one in store.page().summaries] == ["/good"]


def test_sizes_that_are_not_known_are_in_no_range(path, writer):
    """An unknown size is not zero."""
    known = [exchange(f"/{n}", got=b"x" * n, at=NOON + n) for n in range(40)]
    unknown = [
        dataclasses.replace(
            one, response=dataclasses.replace(one.response, body=type(one.response.body)(size=None))
        )
        for one in known
    ]
    writer.append(lines(*known, *(dataclasses.replace(one, id=f"u{one.id}") for one in unknown)))
    assert writer.index(60)
    with Store(path) as store:
        assert store.count(Filter(min_response_size=0)) == 40
        assert store.count(Filter(min_response_size=30)) == 10


def test_a_block_that_another_process_seals_first_is_sealed_once(path, writer, monkeypatch):
    """Its marks are not written twice."""
    writer.append(lines(*(exchange(f"/{n}") for n in range(100))))
    real, other = sealing.transaction, Writer(path)

    def meanwhile(connection):
        monkeypatch.setattr(sealing, "transaction", real)
        sealing.seal(other._open(), 1)
        return real(connection)

    monkeypatch.setattr(sealing, "transaction", meanwhile)
    sealing.seal(writer._open(), 1)
    other.close()
    with Store(path) as store:
        assert [block.number for block in marks.blocks(store._connection)] == [1]
        assert store.count(Filter(path="/*")) == 100


def test_what_comes_from_a_caller_while_it_is_erased_is_erased_too(path, writer, monkeypatch):
    """Nothing of a caller is left when erasing ends."""
    writer.append(lines(*(exchange(f"/{n}", caller="ann") for n in range(3))))
    real = erasing.transaction

    def meanwhile(connection):
        monkeypatch.setattr(erasing, "transaction", real)
        writer.append(lines(exchange("/late", caller="ann")))
        return real(connection)

    monkeypatch.setattr(erasing, "transaction", meanwhile)
    assert erase(path, ["ann"]) == 4
    with Store(path) as store:
        assert store.count() == 0


def test_where_the_oldest_are_gone_no_open_block_is_left_before_the_sealed(path, writer):
    """There is nothing to look through below the first that is sealed."""
    callers = ["ann"] * 31 + ["bob"] * 100
    writer.append(lines(*(exchange(f"/{n}", caller=one) for n, one in enumerate(callers))))
    assert writer.index(60)
    assert erase(path, ["ann"]) == 31
    with Store(path) as store:
        assert marks.open_ranges(store._connection) == [(128, 159)]
        assert store.count(Filter(caller=("bob",))) == 100


def test_a_long_id_is_found_among_those_that_begin_alike(path, writer):
    """A mark holds an id's beginning only; an id that only begins so is not there."""
    long = [dataclasses.replace(exchange(f"/{n}"), id=f"{LONG}{n}") for n in range(100)]
    writer.append(lines(*long))
    assert writer.index(60)
    with Store(path) as store:
        assert store.get(f"{LONG}40").exchange.request.path == "/40"
        assert store.get(f"{LONG}none") is None
