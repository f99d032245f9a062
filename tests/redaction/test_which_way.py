"""Which of two ways a document goes: read whole, where rules reach many places, or walked."""

from __future__ import annotations

from typing import Any

import pytest
from exchanges import redacted_body

from wsgi_apimetrics.redaction import shortcut
from wsgi_apimetrics.redaction.states import DEEP, EACH, ELEMENTS, Node, Path

LATE = '{"b": [1, 2, 3, 4, 5, 6, 7, 8], "a": 1}'
SOON = '{"a": 1, "b": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}'
DEEP_A: dict[str, Any] = {"redact_request_body": ("$..a",)}


@pytest.mark.parametrize(
    ("text", "rules", "is_read"),
    [
        (LATE, DEEP_A, True),
        (LATE, {"redact_request_body": ("$.b[*].a",)}, True),
        (LATE, {"redact_request_body": ("$.*.a",)}, True),
        (LATE, {"redact_common_secrets": True}, True),
        (LATE, {"denylist": ("a",)}, False),
        (LATE, {"redact_request_body": ("$.a",)}, False),
        (LATE, {"redact_request_body": ("$.b.a",)}, False),
        (LATE, {**DEEP_A, "denylist": ("a",)}, True),
        (LATE, {**DEEP_A, "allowlist": (("b",),)}, False),
        (LATE, {"redact_request_body": ("$..a", "$.b[?(@.c)]")}, False),
        (SOON, DEEP_A, False),
        ('{"\\u0061": 1, "b": "a"}', DEEP_A, True),
    ],
)
def test_rules_that_reach_many_places_have_the_document_read(
    monkeypatch: pytest.MonkeyPatch, text: str, rules: dict[str, Any], is_read: bool
) -> None:
    """Unless they wait for little, or have to be judged, or say what stays."""
    monkeypatch.setattr(shortcut, "redacted", lambda *_: "read")
    assert (redacted_body(text, **rules) == "read") is is_read


@pytest.mark.parametrize("rules", [DEEP_A, {"denylist": ("a",)}])
def test_where_reading_cannot_tell_the_document_is_walked(
    monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any]
) -> None:
    """No rule is lost by it."""
    monkeypatch.setattr(shortcut, "redacted", lambda *_: None)
    assert redacted_body(LATE, **rules) == LATE.replace('"a": 1', '"a": "[REDACTED]"')


@pytest.mark.parametrize(
    ("path", "spreads"),
    [
        (("a",), False), (("a", "b"), False), (("a", 0), False), ((0, "a"), False), ((), False),
        ((ELEMENTS, "a"), False),  # a name of a list's own elements
        (("a", ELEMENTS), True), (("a", "b", ELEMENTS, "c"), True), ((EACH,), True),
        (("a", EACH), True), ((DEEP, "a"), True), (("a", "b", DEEP, "c"), True),
    ],
)  # fmt: skip
def test_a_path_spreads_that_reaches_more_than_one_place(path: Path, spreads: bool) -> None:
    """Not counting the elements of a list that is the whole document."""
    node = Node()
    node.add(path, "rule")
    assert node.spreads is spreads
    other = Node()
    other.add(("x",), "rule")
    other.add(("y", *path), "rule")
    assert other.spreads is (spreads or path[:1] == (ELEMENTS,))
