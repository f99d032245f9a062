"""Short ways to an exchange, a policy and what redaction makes of them."""

from __future__ import annotations

from typing import Any

from wsgi_apimetrics.exchange import Body, Exchange, Group, RedactedExchange, Request, Response
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.redactor import Redactor
from wsgi_apimetrics.redaction.vocabulary import README, Vocabulary

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def body(content: bytes | str, content_type: str = JSON, **changes: Any) -> Body:
    """Return a body of these bytes."""
    content = content.encode() if isinstance(content, str) else content
    return Body(content, len(content), len(content), content_type, **changes)


def exchange(
    request: bytes | str | Body = b"",
    response: bytes | str | Body = b"",
    *,
    query: str = "",
    path: str = "/users",
    headers: dict[str, str] | None = None,
    response_headers: dict[str, str] | None = None,
    **changes: Any,
) -> Exchange:
    """Return an exchange with these parts; bodies are JSON unless they say otherwise."""
    sides = [one if isinstance(one, Body) else body(one) for one in (request, response)]
    return Exchange(
        id="0b5a4c1e-3f55-4f26-9d5f-2f6c27a1c001",
        started_at=1_700_000_000.0,
        request=Request(
            "POST", "https", "api.example.com", path, query,
            headers=tuple((headers or {}).items()), body=sides[0],
        ),
        response=Response(200, "OK", tuple((response_headers or {}).items()), sides[1]),
        **{"group": Group("group-key", "Ada", "ada@example.com"), **changes},
    )  # fmt: skip


def redact(given: Exchange, vocabulary: Vocabulary = README, **options: Any) -> RedactedExchange:
    """Return what a redactor with these options makes of ``given``."""
    return Redactor(RedactionPolicy(**options), vocabulary).redact(given)


def redacted_body(content: bytes | str | Body, **options: Any) -> str:
    """Return the text of a request's body after redaction, or why it was left out."""
    found = redact(exchange(content), **options).request.body
    return found.omitted or (found.content or b"").decode()
