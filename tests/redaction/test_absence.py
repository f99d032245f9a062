"""The shortcut that leaves a body alone: it needs proof that no rule reaches anything in it."""

from __future__ import annotations

from typing import Any

import pytest
from exchanges import body, redacted_body

REACHED: list[tuple[str, str, dict[str, Any], str]] = [
    # A per cent sign may be an encoding's: the names are looked for behind it as well.
    ('{"q": "5%", "a": 1}', "application/json", {"allowlist": (("a",),), "denylist": ("z",)},
     '{"q": "[REDACTED 2]", "a": 1}'),
    ('{"q": "5%"}\n{"a": 1}', "application/jsonl", {"allowlist": (("a",),), "denylist": ("z",)},
     '{"q": "[REDACTED 2]"}\n{"a": 1}'),
    ('{"q": "5%"}', "application/json", {"redact_request_body": ("$.*",)},
     '{"q": "[REDACTED 2]"}'),
    ('{"q": "a&b"}', "application/json", {"redact_request_body": ("$..*",)},
     '{"q": "[REDACTED 3]"}'),
    ("<b>hello</b>", "text/html", {"redact_request_body": ("$.*",)}, "redaction: unknown type"),
    ("<b>hello</b>", "text/html", {"allowlist": (("a",),)}, "redaction: unknown type"),
    ("t%6fken: hunter2", "text/html", {"denylist": ("token",)}, "redaction: unknown type"),
    ("t&#111;ken: hunter2", "text/html", {"denylist": ("token",)}, "redaction: unknown type"),
    (r"t\u006fken: hunter2", "text/html", {"denylist": ("token",)}, "redaction: unknown type"),
    (r"t\x6fken: hunter2", "text/html", {"denylist": ("token",)}, "redaction: unknown type"),
    ("ToKen: hunter2", "text/html", {"denylist": ("token",), "redact_ignore_case": True},
     "redaction: unknown type"),
    ("ToKen: hunter2", "text/html", {"denylist": ("token",)}, "ToKen: hunter2"),
    ("a" * 600 + "token: hunter2", "text/html", {"denylist": ("token",)},
     "redaction: unknown type"),
    ("pass word: hunter2", "text/html", {"redact_common_secrets": True},
     "redaction: unknown type"),
    ("my pin: 1234", "text/html", {"redact_common_secrets": True}, "redaction: unknown type"),
    ("spinning", "text/html", {"redact_common_secrets": True}, "spinning"),
    ("{pass_word: hunter2", "text/html", {"redact_common_secrets": True},
     "redaction: unknown type"),
    ("{hello", "text/html", {"redact_common_secrets": True}, "{hello"),
    # Both of a path's names must be there.
    ("user hunter2", "text/html", {"redact_request_body": ("$.user.token",)}, "user hunter2"),
    ("user token hunter2", "text/html", {"redact_request_body": ("$.user.token",)},
     "redaction: unknown type"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "content_type", "rules", "expected"), REACHED)
def test_what_a_rule_may_reach_is_never_taken_for_untouched(
    content: str, content_type: str, rules: dict[str, Any], expected: str
) -> None:
    """In whatever dress a name may stand there; what holds none of them goes as it came."""
    assert redacted_body(body(content, content_type), **rules) == expected
