"""What a body says it is, and what it is: which of the two decides how it is read."""

from __future__ import annotations

from typing import Any

import pytest
from exchanges import FORM, body, redacted_body

DENIED = {"denylist": ("p",)}
EMAILS = {"redact_patterns": ("email",)}
JUDGED = {"redact_request_body": ("$.a[?(@.b)].p",)}
READ: list[tuple[str, str, dict[str, Any], str]] = [
    ("{hello ada@example.com", "text/plain", EMAILS, "{hello [REDACTED 15]"),
    ("{hello ada@example.com", "application/json", EMAILS, "redaction: malformed"),
    ("{hello ada@example.com", "application/jsonl", EMAILS, "redaction: malformed"),
    ('{"a": [{"b": 1, "p": 1, "p": 2}]}', "text/plain", JUDGED, "redaction: duplicate names"),
    ('1\n{"a": [{"b": 1, "p": 1, "p": 2}]}', "", JUDGED, "redaction: unknown type"),
    ('[1]\n{"a": [{"b": 1, "p": 1, "p": 2}]}', "", JUDGED, "redaction: duplicate names"),
    ('{\n"a": [{"b": 1, "p": 1, "p": 2}]}', "application/json", JUDGED,
     "redaction: duplicate names"),
    ("ada@example.com\0", "text/plain", EMAILS, "redaction: binary"),
    ("{p", "text/plain", DENIED, "redaction: unknown type"),
    ("{q", "text/plain", DENIED, "{q"),
    ("{q", "application/json", DENIED, "{q"),
    ("[x]=1&p=hunter2", FORM, DENIED, "[x]=1&p=%5BREDACTED%207%5D"),
    ("q=1&p=hunter2", "", DENIED, "q=1&p=%5BREDACTED%207%5D"),
    ("q=1&p=hunter2", "text/plain", DENIED, "q=1&p=%5BREDACTED%207%5D"),
    ("q=1&p=hunter2", "text/html", DENIED, "redaction: unknown type"),
    ("say: q=1 & p=hunter2", "text/plain", DENIED, "redaction: unknown type"),
    (' \t\r\n{"p": "hunter2"}', "text/html", DENIED, ' \t\r\n{"p": "[REDACTED 7]"}'),
    ('"p"', "application/vnd.api+json", DENIED, '"p"'),
    ('"p"', "text/html", DENIED, "redaction: unknown type"),
    ('\x1e{"p": "hunter2"}\n\x1e\x1e[1]\n\x1e\n', "application/json-seq", DENIED,
     '\x1e{"p": "[REDACTED 7]"}\n\x1e\x1e[1]\n\x1e\n'),
    ('{"p": 1}\n{"q": 2}', "application/stream+json", DENIED, '{"p": "[REDACTED]"}\n{"q": 2}'),
]  # fmt: skip


@pytest.mark.parametrize(("content", "content_type", "rules", "expected"), READ)
def test_a_body_is_read_as_what_it_is(
    content: str, content_type: str, rules: dict[str, Any], expected: str
) -> None:
    """JSON under any type; a form where a type allows it; what says it is JSON must be."""
    assert redacted_body(body(content, content_type), **rules) == expected


@pytest.mark.parametrize(
    ("content", "content_type"),
    [('{"p": 1}', ""), ('{"p": 1}\n{"q": 2}', "application/jsonl"), ("p=1&q=2", FORM),
     ("p=1&q=2", "text/plain"), ("<p>", "text/html"), ("--x", "multipart/form-data; boundary=x")],
)  # fmt: skip
def test_a_body_that_was_cut_is_left_out_as_that(content: str, content_type: str) -> None:
    """Whatever it is: behind the cut there may be more of what is named."""
    came = body(content, content_type, truncated=True)
    assert redacted_body(came, **DENIED) == "redaction: truncated"
