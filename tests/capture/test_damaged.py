"""What is odd in a request or damaged in a body, as it is recorded."""

from __future__ import annotations

import gzip
import random

import pytest
from werkzeug.test import EnvironBuilder

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.capture.content_encoding import decode
from wsgi_apimetrics.capture.status import number
from wsgi_apimetrics.testing import Memory

PLAIN = random.Random(1).randbytes(40_000)
CODED = gzip.compress(PLAIN)
DAMAGED = CODED[:-8] + bytes(8)  # its check sum is wrong


def test_a_prefix_with_damage_in_it_is_kept_up_to_there():
    """Of the whole body it is not known whether what came before the damage is right."""
    kept, size = decode(DAMAGED, "gzip", 100_000, complete=False)
    assert kept
    assert PLAIN.startswith(kept)
    assert size is None
    assert decode(DAMAGED, "gzip", 100_000, complete=True) == (None, None)
    assert decode(b"\xff" * 100, "gzip", 100_000, complete=False) == (None, None)


def test_what_is_kept_of_a_decoded_body_ends_at_the_bound_and_all_is_counted():
    """Up to sixteen times as much; behind that the size is not known."""
    assert decode(CODED, "gzip", 10_000, complete=True) == (PLAIN[:10_000], 40_000)
    assert decode(CODED, "gzip", 10_000, complete=False) == (PLAIN[:10_000], None)
    assert decode(CODED, "gzip", 1_000, complete=True) == (PLAIN[:1_000], None)
    coded = gzip.compress(PLAIN[:8192])
    assert decode(coded, "gzip", 512, complete=True) == (PLAIN[:512], 8192)
    assert decode(coded, "gzip", 500, complete=True) == (PLAIN[:500], None)


@pytest.mark.parametrize(
    ("came", "recorded"),
    [
        ("q=a%20b&c=[1]", "q=a%20b&c=[1]"),
        ("q=\xc3\xa9", "q=%C3%A9"),
        ("q=\xe9", "q=%E9"),
        ("q=a b", "q=a%20b"),
        (
            "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~09AZaz ",
            "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~09AZaz%20",
        ),
        ("q=a\x7f", "q=a%7F"),
        ("q=\u20ac", "q=%E2%82%AC"),
    ],
)
def test_a_query_is_recorded_as_it_may_stand_in_a_url(came, recorded):
    """Only what may not is encoded: the rest keeps the client's spelling."""
    memory = Memory()

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b""]

    environ = EnvironBuilder().get_environ()
    ApiMetricsMiddleware(app, memory)({**environ, "QUERY_STRING": came}, lambda *_: None)
    [exchange] = memory.exchanges
    assert exchange.request.query == recorded


def test_a_number_of_more_digits_than_the_stores_have_is_none():
    """18 fit 64 bits whatever they are."""
    assert number("9" * 18) == 10**18 - 1
    assert number("9" * 19) is None
