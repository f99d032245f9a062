"""Exchanges of known sizes, and the rules that the benchmarks apply to them."""

from __future__ import annotations

import json
from typing import Any

from wsgi_apimetrics.exchange import Body, Exchange, Request, Response

PLAIN = ("$.user.password", "$.credit-card.cvv", "$.items[*].ssn", "$.meta.token")
RULES: dict[str, dict[str, Any]] = {
    "no rules": {},
    "three plain paths": {"redact_request_body": PLAIN[:3], "redact_response_body": PLAIN[:3]},
    "four plain paths": {"redact_request_body": PLAIN, "redact_response_body": PLAIN},
    "a recursive path": {
        "redact_request_body": ("$..password",),
        "redact_response_body": ("$..password",),
    },
    "allowlist": {"allowlist": (("items", "user"),)},
    "common secrets": {"redact_common_secrets": True},
    "patterns": {"redact_patterns": ("card", "jwt", "private_key", "cloud_key", "email")},
    "no name in it": {"denylist": ("absent",), "redact_response_body": ("$..missing",)},
}


def document(size: int) -> bytes:
    """Return a JSON document of about ``size`` bytes, with something for each rule."""
    items = []
    text = b""
    while len(text) < size:
        items.append(
            {"id": len(items), "name": f"item {len(items)}", "price": 10.5, "tags": ["a", "b"],
             "address": {"street": "Main 1", "city": "Springfield"}, "ssn": "123-45-6789"}
        )  # fmt: skip
        text = json.dumps(
            {"user": {"name": "Ada", "password": "hunter2"}, "credit-card": {"cvv": "123"},
             "meta": {"token": "abc", "page": 1}, "items": items}
        ).encode()  # fmt: skip
    return text


def exchange(request: int, response: int) -> Exchange:
    """Return an exchange with JSON bodies of about these sizes and ten headers a side."""
    headers = tuple((f"X-Header-{n}", f"value {n}") for n in range(10))
    bodies = [
        Body(content, len(content), len(content), "application/json")
        for content in (document(request), document(response))
    ]
    return Exchange(
        id="0b5a4c1e-3f55-4f26-9d5f-2f6c27a1c001",
        started_at=1.0,
        request=Request("POST", "https", "x.example", "/a", "b=1", headers=headers, body=bodies[0]),
        response=Response(200, "OK", headers, bodies[1]),
    )
