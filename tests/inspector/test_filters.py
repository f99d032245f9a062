"""An address as a filter, and as a time range: what it says, and what makes no sense in it."""

from __future__ import annotations

import time

import pytest
from werkzeug.datastructures import MultiDict

from wsgi_apimetrics.inspector.filters import FIELDS, asked
from wsgi_apimetrics.inspector.ranges import TimeRange, moment, time_range
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.store import Filter, Store

from .samples import exchange

LIVE = TimeRange(1.0, 2.0, "1h")


def wanted(**args):
    return asked(MultiDict(args), LIVE)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("status", "404", {"status": (404,)}),
        ("status", " 5xx, 4XX ", {"status_class": (5, 4)}),
        ("status", "404,5xx", {"status": (404, *range(500, 600))}),
        ("method", "get, post,", {"method": ("GET", "POST")}),
        ("path", "/users/*", {"path": "/users/*"}),
        ("route", "/users/<id>", {"endpoint": ("/users/<id>",)}),
        ("host", "a.example, b.example", {"host": ("a.example", "b.example")}),
        ("caller", "ada", {"caller": ("ada", mask("ada"))}),
        ("caller", mask("ada"), {"caller": (mask("ada"),)}),
        ("query", "?page=2", {"query": "page=2"}),
        ("scheme", "http", {"scheme": "http"}),
        ("sent_type", "Text/XML", {"request_type": "text/xml"}),
        ("sent_most", "2,048", {"max_request_size": 2048}),
        ("got_most", "0", {"max_response_size": 0}),
        ("redacted", "yes", {"redacted": True}),
        ("slower", "1,500", {"min_duration": 1.5}),
        ("faster", "0.5", {"max_duration": 0.0005}),
        ("sent", "1024", {"min_request_size": 1024}),
        ("got", "1e3", {"min_response_size": 1000}),
        ("type", "Application/JSON", {"response_type": "application/json"}),
        ("error", "KeyError", {"error_type": "KeyError"}),
        ("client", "203.0.113.9", {"client_address": "203.0.113.9"}),
        ("framework", "Flask", {"framework": "flask"}),
        ("tag", "x", {"tag": "x"}),
        ("trace", "ABC", {"trace_id": "abc"}),
        ("parent", "7", {"parent_id": "7"}),
        ("kind", "client", {"kind": "client"}),
        ("failed", "yes", {"with_error": True}),
        ("aborted", "no", {"aborted": False}),
    ],
)
def test_a_field_is_read(name, text, expected):
    """As a person types it."""
    found = wanted(**{name: text})
    assert found.wrong == ()
    assert found.filter == Filter(search="", since=1.0, **expected)
    assert found.given == {name: text.strip()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("status", "teapot"),
        ("status", "40x"),
        ("status", "1000"),
        ("slower", "long"),
        ("slower", "-1"),
        ("got", "nan"),
        ("got", "inf"),
        ("sent", "1e15"),
        ("got_most", "much"),
        ("scheme", "ftp"),
        ("redacted", "some"),
        ("kind", "both"),
        ("failed", "maybe"),
        ("aborted", "1"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_named(name, text):
    """The rest of the address holds."""
    found = wanted(**{name: text, "path": "/x", "q": " lamp "})
    assert found.wrong == (name,)
    assert found.filter == Filter(search="lamp", since=1.0, path="/x")


def test_every_field_of_the_form_is_read():
    """None is there for show."""
    for field in FIELDS:
        text = field.choices[0][0] if field.choices else "404"
        assert wanted(**{field.name: text}).filter != Filter(search="", since=1.0), field.name


def test_a_range_that_ends_now_has_no_end():
    """What comes in belongs to it; two times of one's own are two times."""
    assert asked(MultiDict(), LIVE).filter.until is None
    assert asked(MultiDict(), TimeRange(1.0, 2.0, "")).filter.until == 2.0


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"last": "1h"}, (NOW - 3600, NOW, "1h")),
        ({"since": "100", "until": "200"}, (100.0, 200.0, "")),
        ({"since": "100", "last": "1h"}, (100.0, NOW, "")),
        ({"since": "1970-01-01T00:01:40Z"}, (100.0, NOW, "")),
        ({"since": "200", "until": "100", "last": "6h"}, (NOW - 21600, NOW, "6h")),
        ({"since": "soon"}, (NOW - 900, NOW, "15m")),
        ({"last": "ever"}, (NOW - 900, NOW, "15m")),
        ({"last": "all"}, (NOW - 60, NOW + 1, "all")),
        ({}, (NOW - 900, NOW, "15m")),
    ],
)
def test_a_time_range(args, expected):
    """A name, two times, or a beginning; what makes no sense counts as not given."""
    assert time_range(args, None, NOW) == TimeRange(*expected)


@pytest.mark.parametrize(
    ("age", "name"), [(60, "15m"), (1000, "1h"), (80_000, "24h"), (600_000, "7d"), (10**6, "all")]
)
def test_the_first_look_holds_all_that_there_is(fill, age, name):
    """The shortest range on offer that does."""
    now = time.time()
    with Store(fill(exchange(at=now - age), exchange(at=now))) as store:
        found = time_range({}, store, now)
        assert found.name == name
        assert found.since <= now - age < now <= found.until
        everything = time_range({"last": "all"}, store, now)
        assert everything.since <= now - age < now < everything.until


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("12.5", 12.5),
        ("-1", None),
        ("1e12", None),
        ("nan", None),
        ("1970-01-02", None),
        ("2026-11-21T12:00:00+00:00", 1795262400.0),
        ("9999-99-99", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_a_moment(text, expected, monkeypatch):
    """A Unix time, or a date and time; only such as a page can show."""
    found = moment(text)
    assert found == expected if text != "1970-01-02" else 0 <= found < 2 * 86400
