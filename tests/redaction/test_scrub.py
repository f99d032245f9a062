"""Errors that repeat what was taken out elsewhere: how it may be written, and what cuts leave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exchanges import exchange, redact

from wsgi_apimetrics.exchange import ErrorRecord

VALUE = "hunter22"


def trace_after(trace: str, value: str = VALUE) -> str:
    """Return a stack trace as it is where ``value`` was taken out of a body."""
    error = ErrorRecord("E", "", "E", "", trace, 1.0)
    given_exchange = exchange(json.dumps({"p": value}), errors=(error,))
    return redact(given_exchange, denylist=("p",)).errors[0].stack_trace


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        ("x hunt\n[...]\ny", "x [REDACTED 4]\n[...]\ny"),
        ("x hun\n[...]\ny", "x hun\n[...]\ny"),
        ("x\n[...]\ner22 y", "x\n[...]\n[REDACTED 4] y"),
        ("x\n[...]\nr22 y", "x\n[...]\nr22 y"),
        ("hunter2\n[...]\nunter22", "[REDACTED 7]\n[...]\n[REDACTED 7]"),
        ("hunt\n[...]\n", "[REDACTED 4]\n[...]\n"),
        (
            "a hunt\n[...]\nb hunt\n[...]\ner22",
            "a [REDACTED 4]\n[...]\nb [REDACTED 4]\n[...]\n[REDACTED 4]",
        ),
        ("x hunt...", "x [REDACTED 4]..."),
        ("x hun...", "x hun..."),
        ("x hunt... and on", "x hunt... and on"),
    ],
)
def test_four_characters_at_a_cut_are_enough(trace: str, expected: str) -> None:
    """On either side; three are in any text, and without a cut there is no half value."""
    assert trace_after(trace) == expected


def texts_after(body: str, **rules: Any) -> tuple[str, str, str, str]:
    """Return the texts of an error that repeats a password, by an exchange with that body."""
    error = ErrorRecord("E", f"wrong: {VALUE}", "E", "", f"at {VALUE}", 1.0)
    clean = redact(exchange(body, errors=(error,)), **rules).errors[0]
    return clean.type, clean.message, clean.root_message, clean.stack_trace


@pytest.mark.parametrize("body", [f'{{"p": "{VALUE}"', f'{{"p": "{VALUE}"}} more'])
def test_an_error_says_nothing_of_a_body_that_is_left_out(body: str) -> None:
    """What a rule would have taken out of it is not known, and may stand in the error's texts."""
    texts = texts_after(body, denylist=("p",))
    assert texts == ("E", "[REDACTED 15]", "", "[REDACTED 11]")


def test_an_error_keeps_its_texts_beside_a_body_that_stays() -> None:
    """Malformed or not: where no rule is set, none is left out."""
    whole = ("E", f"wrong: {VALUE}", "", f"at {VALUE}")
    assert texts_after('{"p": "') == whole
    assert texts_after('{"p": "other"}', denylist=("p",)) == whole


def test_four_characters_are_a_value() -> None:
    """Three are not: they would blacken half of a trace."""
    assert trace_after("raise abcd", "abcd") == "raise [REDACTED 4]"
    assert trace_after("raise abc", "abc") == "raise abc"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a\nlong one\n", "long one"),
        ("  hunter22 ", "hunter22"),
        ("t\u00e4glich", r"t\u00e4glich"),
        ("wei\u00df\tnicht", r"wei\u00df\tnicht"),
        ("wei\u00df/nicht", "wei%C3%9F/nicht"),
        ('wei\u00df"nicht', 'wei\u00df\\"nicht'),
        ("it's\0here", r"it's\x00here"),
        ("half\ud800", "half%3F"),
        ("wei\u00df nicht", "wei%C3%9F+nicht"),
        ("hunter%2022", "hunter 22"),
    ],
)
def test_a_value_is_known_in_every_dress(value: str, written: str) -> None:
    """A line of it, without its blanks, as JSON, in a path, in a query, and decoded."""
    assert trace_after(f"E: {written}.", value) == f"E: [REDACTED {len(written)}]."


def test_the_longest_dress_goes_first() -> None:
    """Else the rest of it would be left, beside the marker for what it holds."""
    assert trace_after("E: long one\nmore", "long one\nmore") == "E: [REDACTED 13]"


@pytest.mark.parametrize(
    ("value", "trace", "expected"),
    [
        ("D 5]zz", "x D 5]z\n[...]\n", "x [REDACTED 5]\n[...]\n"),
        ("ab[REDACTED", "\n[...]\nb[REDACTED y", "\n[...]\n[REDACTED 10] y"),
    ],
)
def test_what_was_put_in_is_not_looked_through(value: str, trace: str, expected: str) -> None:
    """A value may look like the half of a marker."""
    assert trace_after(trace, value) == expected
