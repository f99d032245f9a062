"""The table of docs/guides/redaction.rst: every cell of it is tried."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from exchanges import FORM, body, exchange, redact

from wsgi_apimetrics.encoding.apitoolkit import APIToolkitEncoder
from wsgi_apimetrics.encoding.local import LocalEncoder
from wsgi_apimetrics.encoding.otlp import OTLPEncoder
from wsgi_apimetrics.encoding.readme import ReadMeEncoder
from wsgi_apimetrics.exchange import ErrorRecord, Exchange, Group, RedactedExchange

PAGE = Path(__file__).parents[2] / "docs/guides/redaction.rst"

CANARY = "canary.41@example.com"
URL = f"https://x.example/a?page=1&password={quote(CANARY)}&z=2"
MULTIPART = '--B\r\nContent-Disposition: form-data; name="{}"; filename="{}"\r\n\r\n{}\r\n--B--\r\n'


def multipart(content: str, filename: str) -> Any:
    """Return a body with one part called password."""
    text = MULTIPART.format("password", filename, content)
    return body(text, "multipart/form-data; boundary=B")


def error(message: str) -> tuple[ErrorRecord, ...]:
    """Return an error that says ``message`` wherever it can."""
    return (ErrorRecord("ValueError", message, "ValueError", message, f"line\n{message}", 1.0),)


_OBJECT = json.dumps({"password": CANARY, "x": 1})
PLACES: dict[str, Callable[[], Exchange]] = {
    "request header": lambda: exchange(headers={"Password": CANARY}),
    "response header": lambda: exchange(response_headers={"Password": CANARY}),
    "cookie in Cookie": lambda: exchange(headers={"Cookie": f"a=1; password={CANARY}; b=2"}),
    "cookie in Set-Cookie": lambda: exchange(
        response_headers={"Set-Cookie": f"password={CANARY}; Path=/; HttpOnly"}
    ),
    "query string": lambda: exchange(query=f"page=1&p%61ssword={quote(CANARY)}&z=2"),
    "query in Referer": lambda: exchange(headers={"Referer": URL}),
    "query in Location": lambda: exchange(response_headers={"Location": URL}),
    "query in Content-Location": lambda: exchange(response_headers={"Content-Location": URL}),
    "query in Link": lambda: exchange(response_headers={"Link": f'<{URL}>; rel="next"'}),
    "fragment in Location": lambda: exchange(
        response_headers={"Location": f"https://x.example/#state=1&password={CANARY}"}
    ),
    "path parameter": lambda: exchange(
        path=f"/reset/{quote(CANARY)}/now",
        route="/reset/<password>/now",
        path_params={"password": CANARY},
        response_headers={"Location": f"/reset/{quote(CANARY)}"},
    ),
    "form field": lambda: exchange(body(f"x=1&password={quote(CANARY)}&password=b", FORM)),
    "multipart field": lambda: exchange(multipart(CANARY, "a.txt")),
    "multipart file name": lambda: exchange(multipart("content", CANARY)),
    "JSON, top level": lambda: exchange(_OBJECT, _OBJECT),
    "JSON, element of a list": lambda: exchange(f"[1, {_OBJECT}]", f"[{_OBJECT}]"),
    "JSON, nested": lambda: exchange(f'{{"a": [{_OBJECT}]}}'),
    "JSON lines": lambda: exchange(body(f"{_OBJECT}\n{_OBJECT}\n", "application/x-ndjson")),
    "plain text": lambda: exchange(body(f"the password is {CANARY}", "text/plain")),
    "error that repeats a value": lambda: exchange(
        _OBJECT, errors=error(f"no user with {CANARY}!")
    ),
    "label and e-mail of the caller": lambda: exchange(group=Group("key", f"A {CANARY}", CANARY)),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "denylist": {"denylist": ("password",)},
    "allowlist": {"allowlist": (("page",),)},
    "redact_headers": {"redact_headers": ("password",)},
    "redact_body": {
        "redact_request_body": ("$..password",),
        "redact_response_body": ("$..password",),
    },
    "common_secrets": {"redact_common_secrets": True},
    "patterns": {"redact_patterns": ("email",)},
}


def table() -> Iterator[tuple[str, str, bool]]:
    """Yield (place, option, whether it reaches there) from the page."""
    text = PAGE.read_text(encoding="utf-8").partition(":name: redaction-table")[2]
    rows = [
        re.findall(r"^ *(?:\* )?- (.+)$", row, re.MULTILINE)
        for row in re.split(r"(?m)^   (?=\* - )", text.partition("\n``plain text``")[0])[1:]
    ]
    header, *rows = rows
    for place, *cells in rows:
        for option, cell in zip(header[1:], cells, strict=True):
            yield place, option, {"yes": True, "no": False}[cell]


def all_bytes(redacted: RedactedExchange) -> Iterator[str]:
    """Yield everything that any backend would send, with base64 and percent-encoding undone."""
    encoders = (ReadMeEncoder(), LocalEncoder(), APIToolkitEncoder(), OTLPEncoder({}))
    for encoder in encoders:
        text = encoder.pack([encoder.encode(redacted)]).content.decode("utf-8", "replace")
        yield text
        yield unquote_plus(text)
        for word in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text):
            yield base64.b64decode(word[: len(word) // 4 * 4]).decode("utf-8", "replace")
    yield unquote_plus(repr(redacted))


@pytest.mark.parametrize(("place", "option", "reaches"), list(table()))
def test_every_cell_of_the_table(place: str, option: str, reaches: bool) -> None:
    """Where the table says yes nothing of the value is left; where it says no it is whole."""
    options = {**OPTIONS[option], "unredacted_headers": ("Cookie", "Set-Cookie")}
    redacted = redact(PLACES[place](), **options)
    leaves = any(CANARY in text for text in all_bytes(redacted))
    assert leaves is not reaches
    assert redact(redacted, **options) == redacted


def test_the_table_is_whole() -> None:
    """Every place and every option that is tried has its cell."""
    cells = [(place, option) for place, option, _ in table()]
    assert sorted(cells) == sorted((place, option) for place in PLACES for option in OPTIONS)
