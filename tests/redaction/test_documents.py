"""JSON in a text: what goes from it, and in which form the rest stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exchanges import body, exchange, redact, redacted_body

from wsgi_apimetrics.exchange import ErrorRecord
from wsgi_apimetrics.redaction import absence, json_walk
from wsgi_apimetrics.redaction.jsonpath import Judged
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.rules import compiled
from wsgi_apimetrics.redaction.wellformed import is_json

R = "[REDACTED {}]"


@pytest.mark.parametrize(
    ("text", "rules", "after"),
    [
        # What is named within what goes goes with it, once.
        ('{"a": {"b": 1}, "c": 2}', {"denylist": ("a", "$.a.b")}, '{"a": "[REDACTED]", "c": 2}'),
        ('{"a": {"b": "x"}}', {"denylist": ("$.a.b",), "allowlist": (("c",),)},
         '{"a": "[REDACTED]"}'),
        ('{"a": {"b": "x", "c": 1}}', {"denylist": ("$.a.b",), "allowlist": (("a",),)},
         '{"a": {"b": "[REDACTED 1]", "c": 1}}'),
        # Of two allowlists each must name what stays.
        ('{"a": 1, "b": 2, "c": 3}', {"allowlist": (("a", "b"), ("b", "c"))},
         '{"a": "[REDACTED]", "b": 2, "c": "[REDACTED]"}'),
        ('{"a": {"b": "x", "c": "y"}}', {"allowlist": (("$.a.b",),)},
         '{"a": {"b": "x", "c": "[REDACTED 1]"}}'),
        ('{"a": ["x", {"b": "y"}]}', {"allowlist": (("$.a[*].b",),)},
         '{"a": ["[REDACTED 1]", {"b": "y"}]}'),
        ('["x", 1, {}, []]', {"allowlist": (("a",),)},
         '["[REDACTED 1]", "[REDACTED]", {}, []]'),
        ('"x"', {"allowlist": (("a",),)}, '"[REDACTED 1]"'),
        # Judged rules and plain ones together.
        ('{"a": [{"k": 1, "p": "x"}, {"p": "y"}], "q": "z"}',
         {"redact_request_body": ("$.a[?(@.k)].p", "$.q")},
         '{"a": [{"k": 1, "p": "[REDACTED 1]"}, {"p": "y"}], "q": "[REDACTED 1]"}'),
        ('{"a": [{"k": 1, "p": "x"}, {"p": "y"}], "q": "z"}',
         {"allowlist": (("$.a[?(@.k)].p",),)},
         '{"a": [{"k": "[REDACTED]", "p": "x"}, "[REDACTED]"], "q": "[REDACTED 1]"}'),
        # A text that is JSON itself.
        ('{"a": "{\\"token\\": 1}", "b": "\\"x\\""}', {"redact_common_secrets": True},
         '{"a": "[REDACTED 12]", "b": "\\"x\\""}'),
        ('{"a": "{\\"token\\": 1}"}', {"denylist": ("z",)}, '{"a": "{\\"token\\": 1}"}'),
        ('{"a": "{\\"broken\\": 1}", "n": -1.50e3}', {"redact_common_secrets": True},
         '{"a": "{\\"broken\\": 1}", "n": -1.50e3}'),
        # Patterns within texts, names and numbers, in whatever form they are written.
        ('{"a": "\\u0061@b.example", "b": "\\u00e9"}', {"redact_patterns": ("email",)},
         '{"a": "[REDACTED 11]", "b": "\\u00e9"}'),
        ('{"a": "\\u00e9 a@b.example"}', {"redact_patterns": ("email",)},
         '{"a": "\\u00e9 [REDACTED 11]"}'),
        ("[4111111111111111, -1, 0.5, 1E5]", {"redact_patterns": ("card",)},
         '["[REDACTED 16]", -1, 0.5, 1E5]'),
        ('["x", true, null, 7]', {"redact_patterns": ("true|null|7",)},
         '["x", true, null, "[REDACTED 1]"]'),
    ],
)  # fmt: skip
def test_what_goes_from_a_document_and_what_stays(
    text: str, rules: dict[str, Any], after: str
) -> None:
    """Each value that stays keeps its form."""
    assert redacted_body(text, **rules) == after


def test_lines_of_json_are_documents_each() -> None:
    """Empty ones, ends of lines and the separators of a sequence stay as they are."""
    came = '\x1e{"p": 1}\n\n \t\r\n\x1e\x1e {"p": "x"} \r\n\x1e\n'
    after = redacted_body(body(came, "application/json-seq"), denylist=("p",))
    assert after == came.replace("1", '"[REDACTED]"').replace('"x"', '"[REDACTED 1]"')


def test_errors_may_not_repeat_what_stood_in_an_object_that_went() -> None:
    """Its names, texts and numbers."""
    error = ErrorRecord("E", "no inner, deep\xe9 or 12345; true", "E", "", "", 1.0)
    given = exchange('{"p": {"inner": ["deep\\u00e9", 12345, true]}}', errors=(error,))
    for rules in ({"denylist": ("p",)}, {"redact_request_body": ("$..p",)}):
        message = redact(given, **rules).errors[0].message
        assert message == f"no {R.format(5)}, {R.format(5)} or {R.format(5)}; true"


def test_an_integer_of_any_length_is_read_past() -> None:
    """Also where it goes, where it is judged, and where the document is read whole."""
    digits = "9" * 5000
    text = f'{{"n": {digits}, "x": [1, 2, 3], "p": "s"}}'
    for rules in (
        {"denylist": ("p",)}, {"redact_request_body": ("$..p",)},
        {"redact_request_body": ("$.p", "$.x[?(@.y)]")},
    ):  # fmt: skip
        assert redacted_body(text, **rules) == text.replace('"s"', '"[REDACTED 1]"')
    for rules in ({"denylist": ("n",)}, {"redact_request_body": ("$..n",)}):
        assert redacted_body(text, **rules) == text.replace(digits, '"[REDACTED]"')


@pytest.mark.parametrize("count", [2, 300])
def test_a_document_with_many_names_is_judged(count: int) -> None:
    """And with one of them twice, it is not."""
    members = ", ".join(f'"n{number}": {number}' for number in range(count))
    text = f'{{"a": [{{"k": 1, "p": "x"}}], {members}}}'
    rules = {"redact_request_body": ("$.a[?(@.k)].p",)}
    assert redacted_body(text, **rules) == text.replace('"x"', '"[REDACTED 1]"')
    twice = text.replace('"n1"', '"n0"')
    assert redacted_body(twice, **rules) == "redaction: duplicate names"


def proves(text: str, **rules: Any) -> bool:
    """Whether a document that no rule reaches is known at a glance."""
    return absence.proves_json_untouched(text, compiled(RedactionPolicy(**rules)).request)


@pytest.mark.parametrize(
    ("text", "rules", "proven"),
    [
        ('{"a": 1}', {"denylist": ("b",)}, True),
        ('{"a": "b"}', {"denylist": ("b",)}, False),
        ('{"a": "\\n"}', {"denylist": ("b",)}, False),
        ('{"A": 1}', {"denylist": ("a",)}, True),
        ('{"A": 1}', {"denylist": ("a",), "redact_ignore_case": True}, False),
        ('{"a": 1}', {"denylist": ("b",), "allowlist": (("a",),)}, False),
        ('{"a": 1}', {"denylist": ("b",), "redact_patterns": ("email",)}, False),
        ('{"a": 1}', {"denylist": ("$.*",)}, False),
        ('{"a": 1}', {"denylist": ("$.a.b",)}, True),
        ('{"a": 1, "b": 2}', {"denylist": ("$.a.b",)}, False),
        ('{"a": 1}', {"redact_common_secrets": True}, True),
        ('{"Pass-Word": 1}', {"redact_common_secrets": True}, False),
        ('{"a": "password"}', {"redact_common_secrets": True}, True),
        ('{"a": password', {"redact_common_secrets": True}, False),
        ('{"a": other', {"redact_common_secrets": True}, True),
        ('{"a": 1}', {"denylist": tuple(f"n{number}" for number in range(64))}, True),
        ('{"a": 1}', {"denylist": tuple(f"n{number}" for number in range(65))}, False),
        ("[" * 100_000, {"redact_common_secrets": True}, True),
        (" " * 600 + '{"b": 1}', {"denylist": ("b",)}, False),
        (" " * 600 + '{"a": 1}', {"denylist": ("b",)}, True),
        ("b", {"denylist": ("b",)}, False),
    ],
)
def test_a_document_without_the_names_of_the_rules_is_untouched(
    text: str, rules: dict[str, Any], proven: bool
) -> None:
    """Only where nothing can be hidden, and no rule does without a name."""
    assert proves(text, **rules) is proven


@pytest.mark.parametrize(
    ("content_type", "text", "rules", "after"),
    [
        ("text/html", "<p>", {"denylist": ("q",)}, "<p>"),
        ("text/html", "<p>", {"denylist": ("p",)}, "redaction: unknown type"),
        ("text/html", "p%", {"denylist": ("q",)}, "p%"),
        ("text/html", "%71", {"denylist": ("q",)}, "redaction: unknown type"),
        ("text/html", "&#113;", {"denylist": ("q",)}, "redaction: unknown type"),
        ("text/html", "\\161", {"denylist": ("z",)}, "redaction: unknown type"),
        ("text/html", "\\z", {"denylist": ("q",)}, "\\z"),
        ("text/html", "a@b.example", {"redact_patterns": ("email",)}, "[REDACTED 11]"),
        ("text/html", "a@b.example", {"redact_patterns": ("email",), "denylist": ("q",)},
         "[REDACTED 11]"),
        ("text/html", "<p>", {"allowlist": (("p",),)}, "redaction: unknown type"),
        ("text/event-stream", "data: p", {"denylist": ("p",)}, "redaction: event stream"),
        ("text/event-stream", "data: q", {"denylist": ("p",)}, "data: q"),
        ("text/html", "my token", {"redact_common_secrets": True}, "redaction: unknown type"),
        ("text/html", "to-k_en", {"redact_common_secrets": True}, "redaction: unknown type"),
        ("text/html", "api-k_ey", {"redact_common_secrets": True}, "redaction: unknown type"),
        ("text/html", "p i-n", {"redact_common_secrets": True}, "redaction: unknown type"),
        ("text/html", "pins", {"redact_common_secrets": True}, "pins"),
        ("text/html", "my TOKEN", {"denylist": ("token",)}, "my TOKEN"),
        ("application/json", '{"p%": 1}', {"denylist": ("q",)}, '{"p%": 1}'),
        ("application/json", '{"a&b": 1}', {"denylist": ("q",)}, '{"a&b": 1}'),
    ],
)  # fmt: skip
def test_another_text_goes_on_where_it_holds_no_name(
    content_type: str, text: str, rules: dict[str, Any], after: str
) -> None:
    """In whatever dress that may be."""
    assert redacted_body(body(text, content_type), **rules) == after


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ('{"a\\n": [1, -2.5e3, "\\u00e9", true, null, {}]}', ["a\n", "1", "-2.5e3", "\xe9"]),
        ('""', [""]),
        ("[]", []),
    ],
)
def test_texts_and_numbers_of_a_value(text: str, tokens: list[str]) -> None:
    """Names too; what is neither says nothing."""
    assert list(json_walk.texts_of(text)) == tokens


@pytest.mark.parametrize(
    "text",
    [
        '{"a\\u0061\x01": 1}',
        '{"a": 1, "\\n\n": 1}',
        "[1] 2",
        '{"a": 1} x',
        "1 2",
        "",
        " ",
        "[1",
        '{"a"}',
    ],
)
def test_what_is_not_one_document_is_none(text: str) -> None:
    """Whatever stands behind it."""
    assert not is_json(text)
    with pytest.raises(ValueError, match=r"value|member|comma|colon|Expecting|Invalid control"):
        json_walk.whole(text)


def test_a_document_may_stand_among_blanks() -> None:
    """JSON's own four."""
    json_walk.whole(" \t\r\n[1] \t\r\n")
    assert is_json(" \t\r\n[1] \t\r\n")
    assert json.loads(" \t\r\n[1] \t\r\n") == [1]


def test_a_document_too_deep_for_a_rule_is_no_fault_of_the_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Older versions of jsonpath-ng go down by calling themselves."""
    monkeypatch.setattr(Judged, "places", lambda self, document: self.places(document))
    came = body('{"a": [{"b": 1, "p": 2}]}', "application/json")
    assert redacted_body(came, redact_request_body=("$.a[?(@.b)].p",)) == "redaction: too deep"
