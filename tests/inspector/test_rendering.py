"""Numbers that can be read, and strangers' text that can be seen."""

from __future__ import annotations

import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics.inspector import rendering
from wsgi_apimetrics.redaction.mask import mask


@pytest.mark.parametrize(
    ("filter_", "value", "text"),
    [
        (rendering.seconds, None, "-"),
        (rendering.seconds, 0.00034, "340 µs"),
        (rendering.seconds, 0.0123, "12.3 ms"),
        (rendering.seconds, 0.34, "340 ms"),
        (rendering.seconds, 2.1, "2.10 s"),
        (rendering.size, None, "-"),
        (rendering.size, 0, "0 B"),
        (rendering.size, 999, "999 B"),
        (rendering.size, 1_500, "1.5 kB"),
        (rendering.size, 123_456, "123 kB"),
        (rendering.size, 2 * 10**15, "2000 TB"),
        (rendering.number, 1234567, "1,234,567"),
        (rendering.number, 0.25, "0.2"),
        (rendering.number, 3.0, "3"),
        (rendering.percent, 0, "0 %"),
        (rendering.percent, 0.031, "3.1 %"),
        (rendering.percent, 0.5, "50 %"),
        (rendering.short, "abc", "abc"),
        (rendering.short, "0123456789abcdefghijklmnop", "0123456789a…klmnop"),
        (rendering.day, 1e30, "1970-01-01 00:00:00"),
        (rendering.day, float("nan"), "1970-01-01 00:00:00"),
    ],
)
def test_a_value_as_a_person_reads_it(filter_, value, text):
    """In the unit that suits it; a time that no clock has is the first there was."""
    assert filter_(value) == text


def test_a_moment_for_machines_is_that_moment():
    """Whatever this machine's time zone is."""
    assert datetime.fromisoformat(rendering.iso(1.5)).timestamp() == 1.5


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (3, 2, "+50 %"),
        (1, 2, "-50 %"),
        (100.1, 100, "±0 %"),
        (50, 1, "50-fold"),
        (1, 0, ""),
        (1, None, ""),
        (None, 1, ""),
    ],
)
def test_what_changed_against_the_period_before(now, before, text):
    """Nothing is said of what can't be compared."""
    assert rendering.change(now, before) == text


@given(st.text())
def test_nothing_invisible_is_left(text):
    """Control and direction characters, by which a text looks like another, are spelt out."""
    shown = rendering.visible(text)
    assert not any(
        unicodedata.category(one) == "Cc" or unicodedata.bidirectional(one) in _DIRECTIONS
        for one in shown.replace("\n", "").replace("\t", "")
    )


_DIRECTIONS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def test_what_redaction_put_there_is_told_from_the_text():
    """Markers and masks, wherever they stand; what only looks like one does not count."""
    text = f"?x=%5BREDACTED%2012%5D&a [REDACTED 4] b {mask('key-of-ada')} c [REDACTED? no]"
    assert list(rendering.segments(text)) == [
        ("?x=", False),
        ("[REDACTED 12]", True),
        ("&a ", False),
        ("[REDACTED 4]", True),
        (" b ", False),
        (mask("key-of-ada"), True),
        (" c [REDACTED? no]", False),
    ]
