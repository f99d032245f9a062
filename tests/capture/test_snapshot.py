"""What is kept of an environ: texts alone, within bounds, and nothing alive."""

from __future__ import annotations

import gc
import io
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.capture.snapshot import Snapshot, bounded_headers
from wsgi_apimetrics.testing import Memory

values = st.text(max_size=5) | st.integers() | st.none() | st.binary(max_size=3) | st.tuples()


@given(st.lists(st.dictionaries(st.text(max_size=4), values, max_size=8), max_size=5))
def test_exactly_the_texts_are_kept(environs):
    """Whatever other environs came before: what was learned of them loses no text."""
    snapshot = Snapshot(CapturePolicy())
    for environ in environs:
        texts, size = snapshot(environ)
        kept = {name: value for name, value in environ.items() if type(value) is str}
        assert texts == kept or texts == without_learned(snapshot, kept)
        assert size == sum(map(len, texts.values()))


def without_learned(snapshot, texts):
    """Return the texts but those under a key that has held an object before."""
    return {name: value for name, value in texts.items() if name not in snapshot._objects}


def test_no_object_of_the_environ_is_kept_alive():
    """A socket or a stream must not wait in a queue."""

    class Stream(io.BytesIO):
        pass

    environ = {"wsgi.input": Stream(), "PATH_INFO": "/"}
    gone = weakref.ref(environ["wsgi.input"])
    texts, _ = Snapshot(CapturePolicy())(environ)
    del environ
    gc.collect()
    assert gone() is None
    assert texts == {"PATH_INFO": "/"}


def test_a_long_query_is_cut_between_parameters():
    """Half a parameter would look like a whole one."""
    policy = CapturePolicy(max_url_bytes=1024)
    environ = {"QUERY_STRING": "&".join(f"name{i}=value" for i in range(1000))}
    texts, size = Snapshot(policy)(environ)
    assert size <= 1024
    assert environ["QUERY_STRING"].startswith(texts["QUERY_STRING"] + "&")


def test_one_request_cannot_cost_megabytes():
    """Past the bounds headers are left out, the important ones last."""
    policy = CapturePolicy(max_headers=20, max_header_bytes=4096, max_url_bytes=1024)
    environ = {f"HTTP_X_{i}": "v" * 1000 for i in range(500)}
    environ.update(HTTP_HOST="example.com", PATH_INFO="/" * 100_000, REQUEST_METHOD="GET")
    texts, size = Snapshot(policy)(environ)
    assert size <= 4096 + 1024 + 100
    assert texts["HTTP_HOST"] == "example.com"
    assert texts["REQUEST_METHOD"] == "GET"


def test_response_headers_are_bounded_alike():
    """As many as there is room for, in their order."""
    policy = CapturePolicy(max_headers=3, max_header_bytes=1024)
    headers = [("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")]
    assert bounded_headers(headers, policy) == headers[:3]
    assert bounded_headers(headers[:2], policy) == headers[:2]
    assert bounded_headers([("A", "x" * 2000), *headers], policy) == []


@pytest.mark.parametrize(
    "name", ["CONTENT_TYPE", "REQUEST_METHOD", "REMOTE_ADDR", "SERVER_NAME", "HTTP_HOST", "X_OWN"]
)
def test_no_variable_is_kept_whatever_its_size(name):
    """Not every server bounds what it passes on."""
    texts, size = Snapshot(CapturePolicy())({"PATH_INFO": "/", name: "a" * 5_000_000})
    assert size == sum(map(len, texts.values()))
    assert len(texts.get(name, "")) == (0 if name in {"HTTP_HOST", "X_OWN"} else 1024)


def test_headers_that_describe_the_body_are_kept_before_the_others():
    """Without the type, a body that is to be left out would be kept."""
    policy = CapturePolicy(max_headers=3, max_header_bytes=1024)
    headers = [(f"X-{i}", "v") for i in range(9)] + [("Content-Type", "video/mp4")]
    assert bounded_headers(headers, policy) == [*headers[:2], headers[-1]]


def test_ever_new_names_of_objects_are_not_remembered_for_ever():
    """Some servers number what they put there; the texts are right all the same."""
    snapshot = Snapshot(CapturePolicy())
    for number in range(2000):
        texts, size = snapshot({"PATH_INFO": "/", f"server.object.{number}": object()})
        assert (texts, size) == ({"PATH_INFO": "/"}, 1)
    assert len(snapshot._objects) < 1000


def test_a_response_with_too_many_headers_costs_no_more_than_the_bound():
    """The client gets them all; the record has the first."""
    headers = [(f"X-{number}", "v" * 100) for number in range(1000)]

    def app(environ, start_response):
        start_response("200 OK", headers)
        return [b"ok"]

    memory, sent = Memory(), []
    middleware = ApiMetricsMiddleware(app, memory, max_header_bytes=4096)
    middleware(EnvironBuilder().get_environ(), lambda *args: sent.append(args))
    assert sent == [("200 OK", headers)]
    (exchange,) = memory.exchanges
    kept = exchange.response.headers
    assert kept == tuple(headers[: len(kept)])
    assert 20 < len(kept) < 50


def test_a_request_past_the_bounds_keeps_as_many_headers_as_fit():
    """Each is counted once; what is no variable of CGI's and no header makes room for them."""
    policy = CapturePolicy(max_headers=3, max_header_bytes=1024)
    environ = {"X_OWN": "1", "HTTP_A": "2", "HTTP_B": "3", "HTTP_C": "4", "HTTP_HOST": "5"}
    texts, size = Snapshot(policy)(environ)
    assert texts == {"HTTP_HOST": "5", "HTTP_A": "2", "HTTP_B": "3"}
    assert size == 3


@pytest.mark.parametrize(("length", "kept"), [(1012, ["HTTP_A", "HTTP_B"]), (1013, ["HTTP_A"])])
def test_headers_may_fill_the_bound_to_its_last_byte(length, kept):
    """Names count as well as values; one that is too long ends it."""
    policy = CapturePolicy(max_header_bytes=1024)
    environ = {"HTTP_A": "", "HTTP_B": "b" * length, "HTTP_C": "", "X_OWN": "x" * 20}
    texts, _ = Snapshot(policy)(environ)
    assert list(texts) == kept
    headers = [("A", ""), ("B", "b" * (length + 10)), ("C", "")]
    assert [f"HTTP_{name}" for name, _ in bounded_headers(headers, policy)] == kept


def test_without_options_a_request_keeps_80_kilobytes_of_text_at_most():
    """16 of its address, 64 of its headers, and 200 of these."""
    snapshot = Snapshot(CapturePolicy())
    texts, _ = snapshot({"PATH_INFO": "/" * 1_000_000, "QUERY_STRING": "q=" + "a" * 16382})
    assert texts == {"PATH_INFO": "/" * 16384, "QUERY_STRING": "q=" + "a" * 16382}
    texts, _ = snapshot({"HTTP_A": "a" * (65536 - 6)})
    assert len(texts) == 1
    texts, _ = snapshot({"HTTP_A": "a" * (65536 - 5)})
    assert not texts
    texts, _ = snapshot({f"HTTP_{number}": "" for number in range(300)})
    assert len(texts) == 200


@pytest.mark.parametrize(
    ("environ", "fits"),
    [
        ({"X_OWN": "x" * 1024}, True),
        ({"X_OWN": "x" * 1025}, False),
        ({"X_OWN": "x", "HTTP_A": "", "HTTP_B": ""}, True),
        ({"X_OWN": "x", "HTTP_A": "", "HTTP_B": "", "HTTP_C": ""}, False),
    ],
)
@pytest.mark.parametrize("bounds", [(1024, 2048), (2048, 1024)])
@pytest.mark.parametrize("others", [{}, {"an.object": object()}])
def test_what_just_fits_is_kept_whole(environ, fits, bounds, others):
    """Past the lower of the bounds, or with more headers, only what has a meaning is kept."""
    of_headers, of_urls = bounds
    policy = CapturePolicy(max_headers=3, max_header_bytes=of_headers, max_url_bytes=of_urls)
    texts, _ = Snapshot(policy)(environ | others)
    assert ("X_OWN" in texts) is fits


@pytest.mark.parametrize(("count", "learned"), [(1, True), (100, True), (101, False)])
def test_up_to_a_hundred_names_of_objects_are_learned(count, learned):
    """A name that held an object is not looked at again."""
    snapshot = Snapshot(CapturePolicy())
    names = [f"server.{number}" for number in range(count)]
    assert snapshot(dict.fromkeys(names, object())) == ({}, 0)
    texts = dict.fromkeys(names, "text")
    assert snapshot(texts)[0] == ({} if learned else texts)


@pytest.mark.parametrize("name", ["HTTP_A", "PATH_INFO", "wsgi.url_scheme", "CONTENT_LENGTH"])
def test_what_belongs_to_a_request_is_never_learned_to_be_an_object(name):
    """A server may err once."""
    snapshot = Snapshot(CapturePolicy())
    assert snapshot({name: 3, "a": "b"}) == ({"a": "b"}, 1)
    assert snapshot({name: "text", "a": "b"}) == ({name: "text", "a": "b"}, 5)
