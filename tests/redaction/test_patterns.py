"""Detectors on values: what each finds, what it leaves, and that none can run away."""

from __future__ import annotations

import json
import time

import pytest
from exchanges import body, exchange, redact, redacted_body
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics.exceptions import ConfigurationError
from wsgi_apimetrics.exchange import RedactedExchange
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.patterns import DETECTORS, Patterns, passes_luhn
from wsgi_apimetrics.redaction.regexes import LONGEST, user_pattern
from wsgi_apimetrics.redaction.vocabulary import README

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
FOUND = [
    ("card", "4111111111111111"), ("card", "4111 1111 1111 1111"), ("card", "378282246310005"),
    ("card", "5555-5555-5555-4444"), ("jwt", "eyJhbGciOi.eyJzdWIiOi.abc-_123"),
    ("private_key", KEY), ("private_key", KEY[:40]), ("cloud_key", "AKIAIOSFODNN7EXAMPLE"),
    ("cloud_key", "ghp_" + "a" * 36), ("cloud_key", "AIza" + "b" * 35),
    ("email", "ada.l+x@mail.example.com"), ("email", "\xe4da@ex\xe4mple.de"),
]  # fmt: skip
LEFT = [
    ("card", "4111111111111112"), ("card", "411111111111"), ("card", "12345678901234567890"),
    ("jwt", "eyJust a text"), ("private_key", "BEGIN PRIVATE KEY"), ("cloud_key", "AKIA"),
    ("email", "a@b"), ("email", "@example.com"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), FOUND)
def test_found(name: str, text: str) -> None:
    """On its own, within a sentence, and after other digits."""
    for before in ("", "it is ", "1234 "):
        spans = list(DETECTORS[name](before + text))
        assert [(before + text)[slice(*span)] for span in spans] == [text]


@pytest.mark.parametrize(("name", "text"), LEFT)
def test_left(name: str, text: str) -> None:
    """What only looks like one stays."""
    assert not list(DETECTORS[name](text))


@given(st.integers(10**11, 10**17), st.integers(0, 9))
def test_one_check_digit_of_ten_fits(number: int, digit: int) -> None:
    """Luhn: exactly one last digit passes."""
    assert sum(passes_luhn(f"{number}{last}") for last in range(10)) == 1
    assert digit in range(10)


@pytest.mark.parametrize("name", sorted(DETECTORS))
@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a", "eyJ", "eyJa.", "a@", "-----BEGIN ", "AKIA", "a."]
)
def test_named_detectors_take_time_by_the_length(name: str, piece: str) -> None:
    """Sixteen times the text takes nowhere near 256 times the work of this thread."""

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started = time.thread_time()
        list(DETECTORS[name](text))
        return time.thread_time() - started

    short = min(seconds(4_000) for _ in range(3))
    assert min(seconds(64_000) for _ in range(3)) < max(short, 0.0005) * 100


@pytest.mark.parametrize(
    "rule",
    [
        "(a+)+$",
        "(a|a)*b",
        r"(\w+\s?)*x",
        "(a{1,64}){1,64}",
        r"\w+@\w+",
        "(x+x+)+y",
        "(?:a?){30}a{30}",
    ],
)
def test_what_could_run_away_is_refused(rule: str) -> None:
    """Before it ever runs."""
    with pytest.raises(ConfigurationError, match="too long"):
        user_pattern("redact_patterns", rule)


@pytest.mark.parametrize(
    "rule", [r"EMP-\d{6}", r"\d+", r"\w{1,64}@\w{1,64}", "(?:foo|bar)-[a-z]{2,8}", r"(?i)key=\S+"]
)
def test_accepted_patterns_are_quick_on_any_text(rule: str) -> None:
    """As much of what they like most as they are given takes moments of this thread's work."""
    patterns = Patterns([rule])
    for text in ("a" * LONGEST, "1" * LONGEST, "foo-" * 1000, "key=" * 1000, "a@" * 2000):
        started = time.thread_time()
        patterns.redact("place", text, Marks(README, (), listens=False))
        assert time.thread_time() - started < 2


def test_a_value_too_long_for_an_unbounded_pattern_goes_whole() -> None:
    """It is not known what is in it."""
    text = '{"a": "' + "x" * (LONGEST + 1) + '", "b": "ok"}'
    after = redacted_body(text, redact_patterns=(r"\d+",))
    assert after == f'{{"a": "[REDACTED {LONGEST + 1}]", "b": "ok"}}'


def test_patterns_reach_text_names_and_numbers() -> None:
    """A number in JSON is a value, and so is what stands as a member's name."""
    after = redacted_body(
        '{"a@example.com": 4111111111111111, "n": 1.50}', redact_patterns=("card", "email")
    )
    assert after == '{"[REDACTED 13]": "[REDACTED 16]", "n": 1.50}'
    text = body("mail a@example.com now", "text/plain")
    assert redacted_body(text, redact_patterns=("email",)) == "mail [REDACTED 13] now"


def test_what_patterns_overlap_goes_whole() -> None:
    """No end of a match stays behind another's marker."""
    after = redacted_body('{"a": "xabcdefy"}', redact_patterns=("abcd", "cdef"))
    assert after == '{"a": "x[REDACTED 6]y"}'
    after = redacted_body('{"a": "xabcdefy"}', redact_patterns=("abcdef", "bc", "cd"))
    assert after == '{"a": "x[REDACTED 6]y"}'


def test_what_patterns_find_side_by_side_goes_piece_by_piece() -> None:
    """Two that touch share no character."""
    after = redacted_body('{"a": "xabcdy"}', redact_patterns=("ab", "cd"))
    assert after == '{"a": "x[REDACTED 2][REDACTED 2]y"}'


def test_a_marker_stays_and_what_stands_behind_it_goes() -> None:
    """An earlier pass put it there; another may know of more."""
    came = exchange(body("12 and x3 and y4", "text/plain"))
    once = redact(came, redact_patterns=(r"\d{2}",))
    assert once.request.body.content == b"[REDACTED 2] and x3 and y4"
    after = redact(once, redact_patterns=(r"\d{1,2}",)).request.body.content
    assert after == b"[REDACTED 2] and x[REDACTED 1] and y[REDACTED 1]"


def test_what_stands_before_a_marker_goes_and_no_part_of_it() -> None:
    """Wherever in it a rule finds something."""
    came = exchange(body("a 12, b 12", "text/plain"))
    once = redact(came, redact_patterns=("b 12",))
    assert once.request.body.content == b"a 12, [REDACTED 4]"
    after = redact(once, redact_patterns=(r"\d{1,2}", "RED", r"\[R", r"4\]"))
    assert after.request.body.content == b"a [REDACTED 2], [REDACTED 4]"


def test_a_text_with_an_earlier_marker_keeps_its_spelling() -> None:
    """What a pattern finds in the marker alone is nothing new at a place of an earlier pass."""
    text = '{"a": 12345, "a": "\\u0041 [REDACTED 5]"}'
    once = redact(exchange(text), redact_patterns=(r"\d{5}",))
    twice = redact(once, redact_patterns=(r"\d{1,5}",))
    assert twice.request.body.content == text.replace("12345", '"[REDACTED 5]"').encode()


def test_a_marker_of_the_app_s_own_is_no_earlier_pass() -> None:
    """Where nothing was taken out before, a text that looks like a marker hides nothing."""
    text = '{"a": 12345, "b": "[REDACTED 4567]"}'
    once = redact(exchange(text), redact_patterns=(r"\d{5}",))
    twice = redact(once, redact_patterns=(r"\d{4}",))
    assert twice.request.body.content == b'{"a": "[REDACTED 5]", "b": "[REDACTED [REDACTED 4]]"}'


MAIL = "ada@example.com"
PLACES = [
    (f'"{MAIL}"', ["$"]),
    (f'{{"a": "to {MAIL}", "b": [1, {{}}, [], {{"d": "{MAIL}"}}]}}', ["$.a", "$.b[3].d"]),
    (f'[["{MAIL}"], {{"a,b]": {{"}}": true}}, "\\u00e9": "{MAIL}"}}]', ["$[0][0]", "$[1].\xe9"]),
    (f'{{"": {{"": "{MAIL}"}}, "z": "{MAIL}"}}', ["$..", "$.z"]),
    (f'{{"{MAIL}": ["{MAIL}"]}}', ["$.[REDACTED 15]", "$.[REDACTED 15][0]"]),
]  # fmt: skip


def places(after: RedactedExchange) -> list[str]:
    """Return where in the request's body something was taken out."""
    prefix = "request.body."
    return [
        one.place.removeprefix(prefix) for one in after.redactions if one.place.startswith(prefix)
    ]


@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_a_pattern_names_the_place_in_the_document(text: str, expected: list[str]) -> None:
    """As a rule by name does; a member's name has the member's, without what was found in it."""
    after = redact(exchange(text), redact_patterns=("email",))
    assert places(after) == expected
    again = redact(after, redact_patterns=("email", r"\d{2,9}"))
    assert again.request.body == after.request.body
    assert places(again) == expected


def test_lines_name_the_place_in_each() -> None:
    """A place is one of a document; JSON lines are many."""
    lines = body(f'{{"a": 1}}\n{{"b": "{MAIL}"}}\n', "application/x-ndjson")
    assert places(redact(exchange(lines), redact_patterns=("email",))) == ["$.b"]


def test_a_number_s_place_and_that_of_json_within_a_text() -> None:
    """A card number may be no text, and a secret may be written inside of one."""
    inside = json.dumps(json.dumps({"password": "hunter2"}))
    text = f'{{"cards": [0, 4111111111111111], "raw": {inside}}}'
    after = redact(exchange(text), redact_patterns=("card",), redact_common_secrets=True)
    assert sorted(places(after)) == ["$.cards[1]", "$.raw"]
    assert "hunter2" not in str(after.request)


def test_a_binary_body_under_patterns_is_left_out() -> None:
    """It can't be searched."""
    after = redact(exchange(body(b"\x89PNG\xff", "image/png")), redact_patterns=("card",))
    assert after.request.body.omitted == "redaction: undecodable"


pieces = st.lists(
    st.sampled_from([text for _, text in FOUND + LEFT] + ["a", "1", "-", " ", "4111 ", "11 1"]),
    max_size=4,
).map(lambda some: "".join(some).replace("\n", " "))


@given(pieces)
def test_the_gate_before_the_detectors_is_sound(value: str) -> None:
    """What a detector finds in a value, its gate sees in the document around it."""
    document = '{"a": "' + value + '", "b": 1}'
    for name, detector in DETECTORS.items():
        if list(detector(value)):
            assert Patterns([name]).within(document)


@given(st.lists(pieces, max_size=3))
def test_in_a_document_goes_what_goes_from_its_values(values: list[str]) -> None:
    """All detectors over the whole text, or one by one over each value: the same goes."""
    marks = Marks(README, (), listens=False)
    expected = [Patterns(list(DETECTORS)).redact("", value, marks) for value in values]
    after = redacted_body(json.dumps(values), redact_patterns=tuple(DETECTORS))
    assert json.loads(after) == expected
