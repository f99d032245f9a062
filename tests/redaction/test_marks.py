"""Markers and masks: what is put in, what is noted, and what an earlier pass left."""

from __future__ import annotations

import time

import pytest

from wsgi_apimetrics.exchange import Redaction
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.redaction.names import is_common_secret
from wsgi_apimetrics.redaction.vocabulary import APITOOLKIT, README

BEFORE = (Redaction("known", "rule", None),)


def marks(before: tuple[Redaction, ...] = (), *, listens: bool = True) -> Marks:
    """Return marks in ReadMe's words."""
    return Marks(README, before, listens=listens)


def noted(made: Marks) -> list[tuple[str, str, str | None]]:
    """Return what was noted, as plain tuples."""
    return [tuple(one) for one in made.redactions()]


@pytest.mark.parametrize("value", ["secret", "", "[REDACTED 4]", "a [REDACTED 4]"])
@pytest.mark.parametrize("before", [(), BEFORE])
def test_a_text_becomes_a_marker_and_is_heard(value: str, before: tuple[Redaction, ...]) -> None:
    """A marker that stands in a place which nobody redacted is a text like any other."""
    made = marks(before)
    assert made.text("here", "rule", value) == f"[REDACTED {len(value)}]"
    assert noted(made) == [*map(tuple, before), ("here", "rule", None)]
    assert made.spoken == {value}


@pytest.mark.parametrize("value", ["[REDACTED 4]", "[REDACTED]", "[CLIENT_REDACTED]"])
def test_a_marker_of_an_earlier_pass_stays(value: str) -> None:
    """Whoever's words it is in."""
    made = marks(BEFORE)
    assert made.text("known", "rule", value) is value
    assert made.masked("known", value) is value
    assert noted(made) == [("known", "rule", None)]
    assert made.spoken == set()
    assert made.is_marked("known", value)
    assert not made.is_marked("here", value)
    assert not made.is_marked("known", f"{value} ")
    assert not marks().is_marked("known", value)
    assert made.text("known", "other", f"{value}x") == f"[REDACTED {len(value) + 1}]"


def test_markers_are_found_where_an_earlier_pass_was() -> None:
    """From where to where they stand."""
    text = "a [REDACTED 4] b [REDACTED]"
    assert marks(BEFORE).marked_spans("known", text) == [(2, 14), (17, 27)]
    assert marks(BEFORE).marked_spans("here", text) == []
    assert marks().marked_spans("known", text) == []


def test_a_mask_is_put_on_once() -> None:
    """What looks like one is a key all the same, where no pass was before."""
    made = marks(BEFORE)
    masked = made.masked("known", "key")
    assert masked == mask("key")
    assert made.spoken == {"key"}
    assert noted(made) == [("known", "rule", None), ("known", "mask", None)]
    assert made.masked("known", masked) is masked
    assert made.masked("here", masked) == mask(masked)
    assert marks().masked("known", masked) == mask(masked)


@pytest.mark.parametrize(("key", "end"), [("", ""), ("abc", "abc"), ("abcde", "bcde")])
def test_a_mask_shows_four_characters(key: str, end: str) -> None:
    """And is told by its length."""
    head, _, shown = mask(key).rpartition("?")
    assert (len(head), shown) == (len("sha512-") + 88, end)


def test_what_is_no_text_has_a_marker_without_a_length() -> None:
    """The texts in it are heard."""
    made = marks()
    assert made.other("here", "rule", ["a", "b"]) == "[REDACTED]"
    assert made.spoken == {"a", "b"}
    made.omit("there", "rule", "why")
    assert noted(made) == [("here", "rule", None), ("there", "rule", "why")]
    assert Marks(APITOOLKIT, (), listens=False).other("here", "r", ()) == "[CLIENT_REDACTED]"


def test_who_does_not_listen_hears_nothing() -> None:
    """No value is kept that nobody asks for."""
    made = marks(listens=False)
    made.text("a", "rule", "x")
    made.other("b", "rule", ["y"])
    made.masked("c", "z")
    assert made.spoken is None
    assert len(made.redactions()) == 3


def test_nothing_new_leaves_the_notes_as_they_are() -> None:
    """The very tuple."""
    assert marks(BEFORE).redactions() is BEFORE


def test_a_name_is_told_without_what_patterns_find_in_it() -> None:
    """Each in its place."""
    finds = Marks(README, (), listens=False, finds=lambda name, _: [(0, 2), (3, 5)])
    assert finds.name("abcdefg") == "[REDACTED 2]c[REDACTED 2]fg"
    assert marks().name("abc") == "abc"


def test_patterns_have_two_seconds_for_an_exchange() -> None:
    """Of work, from the first of it: a machine that is busy elsewhere takes none of them."""
    one = marks()
    before = time.monotonic()
    assert not one.is_late()
    assert before + 2 <= one._until <= time.monotonic() + 2
    one._until = before - 1
    assert not one.is_late()
    one._begun = time.thread_time() - 2.1
    assert one.is_late()
    one._until = before + 100
    assert not one.is_late()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("password", True),
        ("PassWord", True),
        ("pass-word", True),
        ("_pass.word:", True),
        ("user.password", True),
        ("password.user", False),
        ("user[password]", True),
        ("password[user]", True),
        ("user[Pass-Word][0]", True),
        ("user[name]", False),
        ("a.pin", True),
        ("spinning", False),
        ("", False),
        ("[]", False),
        (".", False),
        ("password" + "-" * 248, True),
        ("password" + "-" * 249, False),
    ],
)
def test_a_usual_secret_is_known_in_any_spelling(name: str, is_one: bool) -> None:
    """Also as the last of a path, and as any part of a form's."""
    assert is_common_secret(name) is is_one
