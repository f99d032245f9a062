"""What counts as a card number, and how much work a pattern of the user's may make."""

from __future__ import annotations

import sys
import time

import pytest

from wsgi_apimetrics.exceptions import ConfigurationError
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.patterns import DETECTORS, Patterns, passes_luhn
from wsgi_apimetrics.redaction.regexes import LONGEST, user_pattern
from wsgi_apimetrics.redaction.unreadable import Reason, Unreadable
from wsgi_apimetrics.redaction.vocabulary import README

VISA = "4111111111111111"


def checked(digits: str) -> str:
    """Return the digits with Luhn's check digit behind them."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 - position % 2)
        total += sum(map(int, str(doubled)))
    return f"{digits}{-total % 10}"


@pytest.mark.parametrize("first", "0123456789")
@pytest.mark.parametrize("length", [12, 13, 14, 16, 19, 20])
def test_a_card_number_has_13_to_19_digits_and_begins_with_2_to_6(first: str, length: int) -> None:
    """Others that pass Luhn's check are identifiers of something else."""
    number = checked(first + "0" * (length - 2))
    text = f"no {number}."
    found = [text[slice(*span)] for span in DETECTORS["card"](text)]
    assert found == ([number] if first in "23456" and 13 <= length <= 19 else [])


@pytest.mark.parametrize("digits", ["9" * 12, "4" * 15, "0123456789" * 2, "5678", "1"])
def test_the_check_digit_is_of_all_digits(digits: str) -> None:
    """Every second is doubled, from the last on."""
    number = checked(digits)
    assert passes_luhn(number)
    wrong = (int(number[-1]) + 1) % 10
    assert not passes_luhn(f"{digits}{wrong}")


@pytest.mark.parametrize(
    ("text", "cards"),
    [
        (" ".join(VISA), [" ".join(VISA)]),
        ("-".join(checked("4" * 18)), ["-".join(checked("4" * 18))]),
        (f"{VISA} {VISA}", [VISA, VISA]),
        (f"{VISA}-{VISA} {VISA}", [VISA, VISA, VISA]),
        (f"7 {VISA}", [VISA]),
        (f"7 7 {VISA} 9", [VISA]),
        (f"1 {' '.join(VISA)} 1", [" ".join(VISA)]),
        (checked("4" * 12) + " 01 " + "1" * 9, [checked("4" * 12)]),
        (f"{VISA[:4]} {VISA[4:]}, {VISA}", [f"{VISA[:4]} {VISA[4:]}", VISA]),
        (f"{VISA}1", []),
    ],
)
def test_a_card_number_is_found_among_groups_of_digits(text: str, cards: list[str]) -> None:
    """It begins and ends with a group; the next begins behind it."""
    assert [text[slice(*span)] for span in DETECTORS["card"](text)] == cards


def test_of_two_card_numbers_that_begin_alike_the_longer_goes() -> None:
    """Nothing of it may be left."""
    short = checked("4" * 12)
    longer = checked(short + "00")
    text = f"{short} {longer[len(short) :]} 7"
    assert [text[slice(*span)] for span in DETECTORS["card"](text)] == [text[:-2]]


def marked(text: str, *rules: str) -> str:
    """Return a text without what the patterns find."""
    return Patterns(rules).redact("here", text, Marks(README, (), listens=False))


def test_an_unbounded_pattern_is_tried_on_so_many_characters() -> None:
    """One more, and the value goes whole, unless all patterns know their length."""
    text = "1" + "x" * (LONGEST - 1)
    assert marked(text, r"\d+") == "[REDACTED 1]" + text[1:]
    assert marked(text + "x", r"\d+") == f"[REDACTED {LONGEST + 1}]"
    assert marked(text + "x", r"\d{1,9}") == "[REDACTED 1]" + text[1:] + "x"
    assert marked(text + "x", r"\d{1,9}", r"\d+") == f"[REDACTED {LONGEST + 1}]"


def test_patterns_that_overlap_take_all_that_any_of_them_finds() -> None:
    """The longest end counts, also of one that began earlier; the rule is the first's."""
    marks = Marks(README, (), listens=False)
    patterns = Patterns(["bcdef", "ab", "de", "xy", "yz"])
    assert patterns.redact("here", "-abcdefg-xyz", marks) == "-[REDACTED 6]g-[REDACTED 3]"
    assert [(one.place, one.rule) for one in marks.redactions()] == [("here", "ab"), ("here", "xy")]
    assert patterns.spans("-abcdefg-xyz", marks) == [(1, 7), (9, 12)]


def test_patterns_that_take_too_long_leave_the_body_out() -> None:
    """The time is that of a whole exchange; the named detectors need none of it."""
    marks = Marks(README, (), listens=False)
    assert not marks.is_late()
    marks._until, marks._begun = 0.0, time.thread_time() - 2.1
    assert Patterns(["email"]).redact("here", "a@example.com", marks) == "[REDACTED 13]"
    with pytest.raises(Unreadable) as error:
        Patterns(["a"]).redact("here", "x", marks)
    assert error.value.reason is Reason.TOO_SLOW


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ('{"a": "1234567890123"}', ["card"]),
        ('{"a": "eyJ"}', ["jwt"]),
        ('{"a": "PRIVATE KEY"}', ["private_key"]),
        ('["AKIA"]', ["cloud_key"]),
        ("AKIA", ["cloud_key"]),
        ('["SG."]', ["cloud_key"]),
        ('["@"]', ["email"]),
        ('["@AKIA"]', ["cloud_key", "email"]),
        ("[1]", []),
    ],
)
def test_a_detector_is_asked_where_it_could_find_something(document: str, names: list[str]) -> None:
    """What each needs at the least is looked for in the whole text at once."""
    some = Patterns(list(DETECTORS)).within(document)
    assert [name for name, _ in some._named] == names if some else not names


def test_all_are_asked_where_a_text_may_hide_something() -> None:
    """Behind an escape, or from an expression of which nothing is known."""
    patterns = Patterns(["email"])
    assert patterns.within('["\\u0040"]') is patterns
    assert patterns.within('["\\n"]') is patterns
    patterns = Patterns(["email", "b"])
    assert patterns.within("[1]") is patterns


ACCEPTED = [
    "a{0,99}b{0,99}c", "xa{0,9999}", "xa{1,10000}", "(?:aa|b){13}", "(?:aa|b|cc){8}", "a+b?",
    "a+", "xa*b?", "a{3,}", "(?=[ab]{1,9})(?:a|bb)x", "(?:ab)+", "(a)(b)(c)", "(?i:a+)",
    "(?!a{0,99})a{1,100}", "(?<=a)b{1,10000}", "a+?", "(?:a{100}){100}",
]  # fmt: skip
REFUSED = [
    "a{0,99}b{0,100}c", "xa{0,10000}", "(?:aa|b){14}", "(?:aa|b|cc){9}", "(?:aa|b)+",
    "a+b{0,2}", "xa*b{0,2}", "a{5000,}(?:aa|b){14}",
    "(?=[ab]{1,101})[ab]{1,100}x", "(?!a{0,100})a{1,100}", "(?:a+|b)(?:a|bb|c)",
    "(a{1,100})(b{1,101})", "(?i:a+)(?:a|bb|cc)", "a+?b{0,2}", "(?:aa?){1,14}",
]  # fmt: skip
if sys.version_info >= (3, 11):
    ACCEPTED += ["a++b?", "(?>a{1,100})b{1,100}"]
    REFUSED += ["a++b{0,2}", "(?>a{1,100})b{1,101}"]


@pytest.mark.parametrize("rule", ACCEPTED)
def test_up_to_ten_thousand_ways_are_quick_enough(rule: str) -> None:
    """To match from one start: the product of the choices."""
    assert user_pattern("redact_patterns", rule).pattern.pattern == rule


@pytest.mark.parametrize("rule", REFUSED)
def test_more_ways_than_that_are_refused(rule: str) -> None:
    """And the error says how to bound them."""
    with pytest.raises(ConfigurationError, match=r"too long on some value.*\\w\{1,64\}"):
        user_pattern("redact_patterns", rule)


@pytest.mark.parametrize(
    ("rule", "bounded"),
    [
        ("a", True), ("a{1,100}", True), ("a+", False), ("a{2,}", False),
        ("(?:a{1000}){1000}", True), ("(?:a{1000}){1000}b", False),
    ],
)  # fmt: skip
def test_a_pattern_is_bounded_up_to_a_million_characters(rule: str, bounded: bool) -> None:
    """What may be longer is not tried on long values."""
    assert user_pattern("redact_patterns", rule).is_bounded is bounded


@pytest.mark.parametrize("rule", ["a?", "a*", "", r"\b", "(?=a)", "(?=a)a?", "^", "a{0}", "(?:a|)"])
def test_a_pattern_that_matches_nothing_at_all_is_refused(rule: str) -> None:
    """It would put markers between all characters."""
    with pytest.raises(ConfigurationError, match="matches the empty text"):
        user_pattern("redact_patterns", rule)


@pytest.mark.parametrize("rule", [r"(a)\1", "(a)(?(1)b|c)", r"(?i)(a)\1", "(?P<n>a)(?P=n)"])
def test_a_pattern_that_refers_back_is_refused(rule: str) -> None:
    """No bound holds for it."""
    with pytest.raises(ConfigurationError, match="refers back to a group"):
        user_pattern("redact_patterns", rule)


@pytest.mark.parametrize("rule", ["[a", "(a", "a{99999999999999}", "(" * 5000 + ")" * 5000])
def test_what_is_no_pattern_is_refused(rule: str) -> None:
    """By whatever name Python refuses it."""
    with pytest.raises(ConfigurationError, match="no detector and no regular expression"):
        user_pattern("redact_patterns", rule)
