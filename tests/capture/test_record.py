"""A raw record: what it weighs, and the ids that it gives."""

from __future__ import annotations

import re
import tracemalloc

import pytest

from wsgi_apimetrics.capture.body import BodyRecorder, InputRecorder
from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.capture.record import RawExchange, new_id

POLICY = CapturePolicy(max_header_bytes=1024, max_headers=3)


def cost_of(size=0, headers=(), received=b"", sent=b"", environ=()):
    """Return what a record with these things in it weighs once it is sealed."""
    raw = RawExchange(dict(environ), size, POLICY)
    raw.take_headers(headers)
    raw.received, raw.sent = InputRecorder(100), BodyRecorder(100)
    raw.received.add_read(received)
    raw.sent.add(sent)
    raw.seal()
    return raw.cost


def test_a_record_weighs_what_it_holds():
    """Texts, headers and what is kept of both bodies, beside what each record costs."""
    nothing = cost_of()
    assert cost_of(size=1500) == nothing + 1500
    assert cost_of(headers=[("Name", "value"), ("A", "")]) == nothing + 10
    assert cost_of(received=b"a" * 50) == nothing + 50
    assert cost_of(sent=b"a" * 500) == nothing + 100
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert cost_of(received=b"a" * 50, environ=chunked) == cost_of(environ=chunked) + 50
    whole = cost_of(1, [("A", "b")], b"abc", b"defg")
    assert whole == nothing + 1 + 2 + 3 + 4


@pytest.mark.parametrize("texts", [10, 24, 60, 120])
def test_that_is_about_the_memory_it_takes(texts):
    """Of texts that a server made anew for each request; a queue is bounded by it."""

    def record():
        environ = {f"HTTP_X_{number}": f"value {number}" for number in range(texts)}
        raw = RawExchange(environ, sum(map(len, environ.values())), POLICY)
        raw.sent = BodyRecorder(100)
        raw.seal()
        return raw

    record()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = [record() for _ in range(500)]
        taken = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    finally:
        tracemalloc.stop()
    # Python 3.12 and later need less for a text.
    assert taken / 1.1 < kept[0].cost < taken * 1.8


def test_headers_past_the_bounds_weigh_no_more_than_these():
    """And those of just that size are kept whole."""
    nothing = cost_of()
    assert cost_of(headers=[("A", "a" * 1023)]) == nothing + 1024
    assert cost_of(headers=[("A", "a" * 5000)]) == nothing + 1024
    assert cost_of(headers=[("A", "a"), ("B", "b"), ("C", "c")]) == nothing + 6
    raw = RawExchange({}, 0, POLICY)
    raw.take_headers([("A", "1"), ("B", "2"), ("C", "3")])
    assert raw.response_headers == (("A", "1"), ("B", "2"), ("C", "3"))
    raw.take_headers([("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")])
    assert raw.response_headers == (("A", "1"), ("B", "2"), ("C", "3"))


def test_a_body_in_one_piece_is_kept_without_its_recorder():
    """Unless it was cut, or says whether anybody read it at all."""
    raw = RawExchange({}, 0, POLICY)
    raw.received, raw.sent = InputRecorder(3), BodyRecorder(3)
    raw.received.add_read(b"abc")
    raw.sent.add(b"abcd")
    recorder = raw.sent
    raw.seal()
    assert raw.received == b"abc"
    assert raw.sent is recorder
    raw = RawExchange({"HTTP_TRANSFER_ENCODING": "chunked"}, 0, POLICY)
    raw.received, raw.sent = recorder, _ = InputRecorder(3), BodyRecorder(3)
    raw.seal()
    assert raw.received is recorder


def test_an_id_is_a_uuid_of_version_4():
    """RFC 9562, section 5.4: its digits, its version, its variant."""
    ids = {new_id(float(number)) for number in range(200)}
    assert len(ids) == 200
    digits = "[0-9a-f]"
    pattern = f"{digits}{{8}}-{digits}{{4}}-4{digits}{{3}}-[89ab]{digits}{{3}}-{digits}{{12}}"
    assert all(re.fullmatch(pattern, one) for one in ids)


@pytest.mark.parametrize("headers", [[("A",)], [("A", "b", "c")], [("A", "b"), ("C",)], [("A", 1)]])
def test_headers_that_are_no_pairs_of_texts_are_refused(headers):
    """Nothing of them is kept; the server says so to the app."""
    raw = RawExchange({}, 0, POLICY)
    cost = raw.cost
    with pytest.raises(TypeError):
        raw.take_headers(headers)
    assert (raw.response_headers, raw.cost) == ((), cost)
