"""What was written is found again: lists, filters, pages, search."""

from __future__ import annotations

import doctest
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics.exchange import ErrorRecord, Redaction
from wsgi_apimetrics.store import (
    Filter,
    Store,
    StoreError,
    marks,
    overview,
    rows,
    sealing,
    searchable,
    slots,
)
from wsgi_apimetrics.store.erasing import erase
from wsgi_apimetrics.store.searchable import match_expression

from .samples import NOON, exchange, lines, walked


@pytest.fixture(autouse=True, params=["open", "sealed"])
def blocks(request, monkeypatch):
    """Everything holds for exchanges that are not sealed yet, and for blocks of eight that are."""
    if request.param == "sealed":
        monkeypatch.setattr(marks, "BITS", 3)
        monkeypatch.setattr(marks, "SIZE", 8)
        monkeypatch.setattr(marks, "LISTED", 3)
        monkeypatch.setattr(sealing, "GOING", 0)
    return request.param


def paths(page):
    return [one.path for one in page.summaries]


def test_an_exchange_comes_back_whole(filled):
    """``get`` returns the exchange that was written."""
    one = exchange("/users/7", got=b'{"name": "Ada"}', caller="shop")
    assert filled(one).get(one.id).exchange == one


def test_an_exchange_that_is_not_there_is_none(filled):
    """Unknown ids are no errors."""
    store = filled(exchange())
    assert (store.get("x"), store.line("x"), store.summary("x")) == (None, None, None)


def test_a_summary_has_what_a_list_shows(filled):
    """Who, what, when, how long, how large."""
    one = exchange(
        "/users/7", status=404, caller="shop", got=b"no", duration=0.25, route="/users/<id>"
    )
    row = filled(one).summary(one.id)
    assert (row.id, row.path, row.status, row.status_class) == (one.id, "/users/7", 404, 4)
    assert (row.caller, row.caller_label, row.response_size) == ("shop", "The shop", 2)
    assert (row.duration, row.route, row.endpoint) == (0.25, "/users/<id>", "/users/<id>")
    assert row.url == "https://api.example.com/users/7"


def test_an_exchange_that_comes_twice_is_kept_once(filled, writer, path):
    """A retried payload neither doubles a row nor a count."""
    one = exchange()
    store = filled(one)
    writer.append(lines(one, exchange("/other")))
    assert store.count() == 2
    assert store.overview(NOON, NOON + 60).now.totals.count == 2


def test_lines_that_are_no_exchange_are_counted_and_left_out(writer, path):
    """The rest of the payload is kept."""
    assert writer.append([b"{}", *lines(exchange()), b"\xff", b"[]"]) == 3
    with Store(path) as store:
        assert store.count() == 1


def test_pages_follow_each_other_to_the_end(filled):
    """Newest first, nothing twice, nothing missed, also where times are equal."""
    store = filled(*(exchange(f"/{number}", at=NOON + number // 3) for number in range(20)))
    assert [one.path for one in walked(store)] == [f"/{n}" for n in reversed(range(20))]


def test_a_search_has_pages_too(filled):
    """With a search the cursor goes on in the search."""
    store = filled(*(exchange(f"/{number}", got=b"needle") for number in range(7)))
    first = store.page(Filter(search="needle"), size=5)
    second = store.page(Filter(search="needle"), first.next_cursor, size=5)
    assert (len(first.summaries), len(second.summaries), second.next_cursor) == (5, 2, None)


@pytest.mark.parametrize("cursor", ["", "!", "AAAA", "W10=", "eyJhIjogMX0="])
def test_a_foreign_cursor_is_a_value_error(filled, cursor):
    """A mangled URL is told apart from an empty list."""
    with pytest.raises(ValueError, match="cursor"):
        filled(exchange()).page(cursor=cursor)


FAILED = ErrorRecord("KeyError", "x", "KeyError", "x", "...", NOON)
SPECIAL = exchange(
    "/special/one",
    status=503,
    at=NOON + 100,
    method="PATCH",
    duration=9.0,
    caller="ann",
    sent=b"x" * 5000,
    got=b"y" * 7000,
    scheme="http",
    host="other:8000",
    query="page=2&sort=Name",
    request_type="text/xml; charset=utf-8",
    client_address="203.0.113.9",
    response_type="text/csv",
    route="/special/<which>",
    framework="flask",
    errors=(FAILED,),
    aborted=True,
    kind="client",
    parent_id="p" * 32,
    trace_id="7" * 32,
    tags=("slow", "odd"),
    redactions=(Redaction("request.headers.Cookie", "Cookie"),),
)
ONLY = {
    "since": NOON + 99,
    "kind": "client",
    "method": ("PATCH",),
    "status": (503,),
    "status_class": (5,),
    "scheme": "http",
    "host": ("other:8000",),
    "path": "/special/one",
    "query": "sort=N",
    "endpoint": ("/special/<which>",),
    "caller": ("ann",),
    "client_address": "203.0.113.9",
    "framework": "flask",
    "request_type": "text/xml",
    "response_type": "text/csv",
    "error_type": "KeyError",
    "with_error": True,
    "aborted": True,
    "redacted": True,
    "parent_id": "p" * 32,
    "trace_id": "7" * 32,
    "tag": "odd",
    "min_duration": 5.0,
    "min_request_size": 4000,
    "min_response_size": 6000,
    "search": "special",
}
COMMON = {
    "until": NOON + 99,
    "max_duration": 1.0,
    "max_request_size": 4999,
    "max_response_size": 6999,
    "with_error": False,
    "aborted": False,
    "redacted": False,
}


@pytest.fixture
def mixed(filled):
    others = [exchange(f"/users/{number}", caller="bob") for number in range(30)]
    return filled(*others[:13], SPECIAL, *others[13:])


@pytest.mark.parametrize(("name", "value"), ONLY.items())
def test_each_filter_finds_the_one(mixed, name, value):
    """Each part of a filter, alone."""
    wanted = Filter(**{name: value})
    assert paths(mixed.page(wanted)) == ["/special/one"]
    assert mixed.count(wanted) == 1


@pytest.mark.parametrize(("name", "value"), COMMON.items())
def test_each_filter_that_most_meet_leaves_the_one_out(mixed, name, value):
    """The other way round."""
    assert mixed.count(Filter(**{name: value})) == 30


def test_filters_hold_together(mixed):
    """Any two parts find the one; with a third that it does not meet, nothing."""
    for pair in itertools.combinations(ONLY, 2):
        wanted = {name: ONLY[name] for name in pair}
        assert mixed.count(Filter(**wanted)) == 1, pair
        assert mixed.count(Filter(**wanted, max_duration=1.0)) == 0, pair


def test_every_filter_has_been_tried():
    """A new part of the filter needs a line above."""
    assert {*ONLY, *COMMON} == {*Filter.__dataclass_fields__}


def test_one_of_several_values_suffices(mixed):
    """A tuple means any of them."""
    assert mixed.count(Filter(method=("PATCH", "GET"))) == 31
    assert mixed.count(Filter(status=(503, 404))) == 1


def test_a_list_is_by_time_whatever_the_order_of_arrival(filled):
    """Blocks overlap in time where exchanges came late."""
    order = [(number * 7) % 60 for number in range(60)]
    store = filled(*(exchange(f"/{n}", at=NOON + n, caller="ann") for n in order))
    seen = [one.path for one in walked(store, Filter(caller=("ann",)))]
    assert seen == [f"/{n}" for n in reversed(range(60))]


def test_a_path_may_end_in_a_star(mixed):
    """The beginning of a path, taken literally otherwise."""
    assert mixed.count(Filter(path="/users/1*")) == 11
    assert mixed.count(Filter(path="/users/%*")) == 0


def test_following_gives_what_is_new_in_order(filled, writer):
    """``newer`` goes on from the last one seen, and takes filters."""
    store = filled(exchange("/1"), exchange("/2"))
    last = store.last_seq()
    assert store.newer(last) == ()
    writer.append(lines(exchange("/3", status=500), exchange("/4")))
    assert [one.path for one in store.newer(last)] == ["/3", "/4"]
    assert [one.path for one in store.newer(last, Filter(status_class=(5,)))] == ["/3"]
    writer.index(5)
    assert [one.path for one in store.newer(0, Filter(search="path:/4"))] == ["/4"]


def test_children_are_the_calls_made_during_an_exchange(filled):
    """In the order in which they began."""
    parent = exchange("/parent")
    calls = [
        exchange(f"/call/{number}", kind="client", parent_id=parent.id, at=NOON - number)
        for number in range(3)
    ]
    found = filled(parent, *calls).children(parent.id)
    assert [one.path for one in found] == ["/call/2", "/call/1", "/call/0"]


def test_an_id_may_be_cut_short(filled):
    """``starting_with`` finds the ids that begin so."""
    one = exchange()
    assert filled(one, exchange()).starting_with(one.id[:20]) == (one.id,)


def test_all_lines_come_however_many(filled):
    """``lines`` goes through every page."""
    store = filled(*(exchange(f"/{number}") for number in range(450)))
    assert len(set(store.lines())) == 450


# -- search -------------------------------------------------------------------------------


@pytest.fixture
def library(filled):
    return filled(
        exchange("/users", got=b'{"name": "Ada Lovelace"}'),
        exchange("/users/admin", got=b'{"name": "Charles"}', headers=(("X-Team", "engines"),)),
        exchange("/books", got="Märchen".encode(), sent=b"users wanted"),
        exchange("/binary", got=b"\xff\xfeAda"),
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ada", {"/users"}),
        ("LOVE*", {"/users"}),
        ("love", set()),
        ("LOVELACE", {"/users"}),
        ('"ada lovelace"', {"/users"}),
        ('"lovelace ada"', set()),
        ("users", {"/users", "/users/admin", "/books"}),
        ("path:users", {"/users", "/users/admin"}),
        ("body:users", {"/books"}),
        ("header:engines", {"/users/admin"}),
        ("users -admin", {"/users", "/books"}),
        ("users charles", {"/users/admin"}),
        ("marchen", {"/books"}),
        ("nothing-like-it", set()),
        ("***", set()),
    ],
)
def test_search(library, typed, found):
    """Words, beginnings, phrases, places, exclusions; case and accents do not count."""
    assert set(paths(library.page(Filter(search=typed)))) == found
    assert library.count(Filter(search=typed)) == len(found)


@given(st.text(st.characters(), max_size=20) | st.text('"*:-()^ANDOR path', max_size=20))
def test_nothing_typed_is_an_error(typed):
    """FTS5's own language has no way in."""
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (path, headers, bodies)")
    expression = match_expression(typed)
    if expression is not None:
        connection.execute("SELECT * FROM words WHERE words MATCH ?", (expression,)).fetchall()
    connection.close()


# -- figures ------------------------------------------------------------------------------


def test_an_overview_counts_its_range_and_the_one_before(filled):
    """Totals, errors, tops and the period before."""
    store = filled(
        *(
            exchange("/a", at=NOON + i, duration=i / 100, route="/a", caller="ann")
            for i in range(60)
        ),
        exchange("/b", at=NOON + 61, status=500, route="/b", got=b"x" * 999),
        exchange("/b", at=NOON - 30, status=404, route="/b"),
        exchange("/b", at=NOON - 3000, route="/b"),
    )
    seen = store.overview(NOON, NOON + 120)
    assert (seen.now.totals.count, seen.now.totals.server_errors) == (61, 1)
    assert (seen.before.totals.count, seen.before.totals.client_errors) == (1, 1)
    assert [(one.value, one.totals.count) for one in seen.endpoints] == [
        ("GET /a", 60),
        ("GET /b", 1),
    ]
    assert [(one.value, one.totals.count) for one in seen.callers] == [("ann", 60)]
    assert [(one.before.count, one.before.errors) for one in seen.endpoints] == [(0, 0), (1, 1)]
    assert [one.before.count for one in seen.hosts] == [1]
    assert [one.before.count for one in (*seen.callers, *seen.statuses)] == [0, 0, 0]
    assert {one.value: one.totals.count for one in seen.statuses} == {"200": 60, "500": 1}
    assert [point.totals.count for point in seen.points] == [60, 1]
    assert seen.slowest[0].duration == pytest.approx(0.59)
    assert seen.largest[0].path == "/b"
    assert seen.now.per_minute == 30.5


@given(
    st.integers(0, 10_000).map(lambda minute: minute * 60),
    st.integers(0, 10_000).map(lambda minute: minute * 60),
)
def test_the_parts_of_a_range_cover_it_once(since, length):
    """No minute is missed and none counted twice."""
    parts = overview.ranges(since, since + length)
    covered = [minute for _, start, end in parts for minute in range(start, end, 60)]
    assert covered == list(range(since, since + length, 60))
    assert all(start % span == 0 and end % span == 0 for span, start, end in parts)


def test_long_ranges_are_counted_by_the_hour(filled):
    """Three days of one exchange every ten minutes, with edges that are no hours."""
    store = filled(*(exchange("/a", at=NOON + i * 600, route="/a") for i in range(432)))
    seen = store.overview(NOON + 1200, NOON + 70 * 3600 + 1800)
    assert seen.now.totals.count == 70 * 6 + 3 - 2
    assert sum(point.totals.count for point in seen.points) >= seen.now.totals.count


@given(st.lists(st.floats(1e-5, 1e4), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentiles_are_within_three_percent(durations, share):
    """Slots lose little, at any scale."""
    import math
    from collections import Counter

    from wsgi_apimetrics.store.slots import percentile, slot_of

    slots = sorted(Counter(slot_of(duration) for duration in durations).items())
    exact = sorted(durations)[math.ceil(share * len(durations)) - 1]
    assert percentile(slots, share) == pytest.approx(exact, rel=0.03)


def test_callers_are_known_with_what_they_did(filled):
    """Label, email, first and last, endpoints and errors."""
    store = filled(
        exchange("/a", at=NOON, caller="ann", route="/a"),
        exchange("/a", at=NOON + 9, caller="ann", route="/a", client_address="192.0.2.1"),
        exchange("/b", at=NOON + 5, caller="ann", route="/b", status=500),
        exchange("/b", at=NOON + 5, caller="bob", route="/b"),
    )
    first, second = store.callers(NOON - 60, NOON + 60)
    assert (first.id, first.label, first.email) == ("ann", "The ann", "ann@example.com")
    assert (first.first_seen, first.last_seen, first.totals.count) == (NOON, NOON + 9, 3)
    assert second.id == "bob"
    detail = store.caller("ann", NOON - 60, NOON + 60)
    assert detail.endpoints == (("GET /a", 2), ("GET /b", 1))
    assert detail.errors == (("500 GET /b", 1),)
    assert detail.addresses == (("192.0.2.1", 1),)
    assert store.caller("nobody", 0, NOON) is None


def test_the_extent_says_how_much_there_is(filled, writer):
    """Exchanges, the first and the last, and what the index does not know yet."""
    store = filled(exchange(at=NOON), exchange(at=NOON + 5))
    writer.append(lines(exchange(at=NOON + 7)))
    extent = store.extent()
    assert (extent.exchanges, extent.oldest, extent.newest) == (3, NOON, NOON + 7)
    assert extent.unindexed == 1
    assert extent.used_bytes > 0


def test_there_must_be_a_store_to_read(path):
    """Nothing is made by looking."""
    with pytest.raises(StoreError, match="no store"):
        Store(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("module", [rows, searchable, overview, slots])
def test_the_examples_in_the_docstrings_run(module):
    """The documentation's examples are true."""
    assert doctest.testmod(module).failed == 0


def test_what_is_pruned_while_lines_are_read_is_left_out(filled, path):
    """The rest is read on."""
    callers = ("ann", "bob") * 3
    store = filled(*(exchange(f"/{n}", at=NOON + n, caller=one) for n, one in enumerate(callers)))
    reading = store.lines()
    first = next(reading)
    assert erase(path, ["ann"]) == 3
    assert len([first, *reading]) == 3


def test_a_search_for_no_word_finds_nothing_new(filled):
    """Nor does it show everything."""
    assert filled(exchange()).newer(0, Filter(search="?!")) == ()


def test_reading_goes_on_after_what_has_ended_a_transaction(filled):
    """SQLite ends one by itself when the disk or the memory gives out."""
    store = filled(exchange())
    with store._reading() as connection:
        connection.execute("ROLLBACK")
    assert store.count() == 1


def test_a_directory_is_no_store(tmp_path):
    """The text names it."""
    with pytest.raises(StoreError, match=f"{tmp_path.name} can't be read"):
        Store(tmp_path)
