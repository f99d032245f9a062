"""Ways out that a search for them found, each closed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exchanges import body, exchange, redact, redacted_body
from test_docs_table import all_bytes

CANARY = "canary7Qx9"
KEPT = ("Cookie", "Set-Cookie")
RULES: list[dict[str, Any]] = [
    {"denylist": ("token",)},
    {"redact_common_secrets": True},
    {"allowlist": (("a", "next", "location", "referer", "refresh"),)},
]


def leaves(**changes: Any) -> bool:
    """Whether the canary is in what any backend would be sent."""
    options = changes.pop("options")
    redacted = redact(exchange(**changes), **options, unredacted_headers=KEPT)
    assert redact(redacted, **options, unredacted_headers=KEPT) == redacted
    return any(CANARY in text for text in all_bytes(redacted))


@pytest.mark.parametrize("options", RULES, ids=["deny", "common", "allow"])
@pytest.mark.parametrize(
    "query",
    [
        f"next=/reset?token={CANARY}",
        f"next=%2Freset%3Ftoken%3D{CANARY}&a=1",
        f"next=%2Flogin%3Fnext%3D%252Freset%253Ftoken%253D{CANARY}",
        f"next=1%26token={CANARY}",
        f"next=%23token%3D{CANARY}",
        f"next={'a?a=' * 300}?token={CANARY}",
    ],
    ids=["plain", "encoded", "twice", "ampersand", "fragment", "deep"],
)
def test_a_url_inside_of_a_query(query: str, options: dict[str, Any]) -> None:
    """Where to go after the login is a copy of the address that was asked for."""
    assert not leaves(query=query, options=options)
    header = {"Location": f"/login?{query}", "Referer": f"https://x.example/login?{query}"}
    assert not leaves(headers=header, response_headers=header, options=options)


@pytest.mark.parametrize("options", RULES, ids=["deny", "common", "allow"])
def test_cookies_as_different_servers_read_them(options: dict[str, Any]) -> None:
    """``http.cookies`` ends a cookie at a blank too; Expires has a comma of its own."""
    assert not leaves(headers={"Cookie": f"a=1 token={CANARY}"}, options=options)
    expires = "a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT"
    joined = {"Set-Cookie": f"{expires}, token={CANARY}"}
    assert not leaves(response_headers=joined, options=options)
    assert redact(
        exchange(response_headers={"Set-Cookie": expires}), **options, unredacted_headers=KEPT
    ).response.headers[0][1].endswith(expires[4:])  # fmt: skip


@pytest.mark.parametrize("name", ["password[]", "password[0]", "user[password][]", "card[cvv][x]"])
def test_the_usual_names_in_brackets(name: str) -> None:
    """As form libraries write lists and objects."""
    assert not leaves(query=f"{name}={CANARY}", options={"redact_common_secrets": True})


@pytest.mark.parametrize("zeros", [b"\0", b"\0\0\0"])
@pytest.mark.parametrize("blank", ["", " ", "  ", "   "])
def test_a_stray_zero_makes_no_utf16(zeros: bytes, blank: str) -> None:
    """As UTF-16 or UTF-32 it would read as other letters, in which no name is found."""
    content = zeros + f'{{"token":"{CANARY}"}}{blank}'.encode()
    assert redacted_body(body(content), denylist=("token",)).startswith("redaction: ")


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_json_that_is_a_text_inside_of_json(levels: int) -> None:
    """The usual names of secrets are found in it, at any depth; the text goes as a whole."""
    text = json.dumps({"token": CANARY})
    for _ in range(levels):
        text = json.dumps({"event": [text], "page": '{"page": "\\""}'})
    options = {"redact_common_secrets": True}
    assert not leaves(request=text, response=json.dumps(text), options=options)
    assert json.loads(redacted_body(text, **options))["page"] == '{"page": "\\""}'


@pytest.mark.parametrize("text", ["{{'token': '{}'}}", "{{token: '{}'}}", "[token: {}]"])
@pytest.mark.parametrize("options", RULES, ids=["deny", "common", "allow"])
def test_what_begins_like_json_and_is_none(text: str, options: dict[str, Any]) -> None:
    """A name without quotation marks of JSON is a name: such a body is left out."""
    found = redacted_body(text.format(CANARY), **options)
    assert found == "redaction: malformed"
    kept = "{'page': 1}"
    assert (redacted_body(kept, **options) == kept) is ("allowlist" not in options)


def test_half_a_character_in_a_query_costs_nothing() -> None:
    """It has no UTF-8; what a rule names goes all the same, and the exchange is sent."""
    after = redact(exchange(query="\udf00%3B=1&password=secret"), denylist=("password",))
    assert after.request.query == "\udf00%3B=1&password=%5BREDACTED%206%5D"
