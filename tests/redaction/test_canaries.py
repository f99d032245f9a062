"""Canaries planted wherever a random rule set points: none leaves, and what is beside them does.

The encoders of every backend, the log and the redacted value itself are searched, with base64
and percent-encoding undone.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import urllib.parse
import uuid
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from documents_strategy import dressed
from exchanges import FORM, body, exchange, redact
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_docs_table import all_bytes

from wsgi_apimetrics.encoding.local import LocalEncoder
from wsgi_apimetrics.exchange import ErrorRecord, Exchange, RedactedExchange
from wsgi_apimetrics.store import Store, Writer

SECRET = ["password", "token", "card-cvv"]
OPEN = ["page", "city", "name"]
PLAIN = st.sampled_from(OPEN)
NAMED = st.sampled_from(SECRET)


class Planted:
    """Makes values that are told apart: those that must go, and those that must stay."""

    def __init__(self) -> None:
        self.canaries: list[str] = []
        self.neighbours: list[str] = []

    def value(self, name: str) -> str:
        """Return a new value for ``name``."""
        kind = self.canaries if name.lower() in SECRET else self.neighbours
        kind.append(f"{'canary' if name.lower() in SECRET else 'nearby'}{len(kind):03d}x")
        return kind[-1]


names = NAMED | PLAIN


@st.composite
def fields(draw: st.DrawFn, planted: Planted, most: int = 4) -> list[tuple[str, str]]:
    """Names with a value each."""
    return [(name, planted.value(name)) for name in draw(st.lists(names, max_size=most))]


@st.composite
def nested(draw: st.DrawFn, planted: Planted, depth: int = 3) -> Any:
    """A document in which each name may stand at any depth."""
    if depth and draw(st.booleans()):
        return [draw(nested(planted, depth - 1)) for _ in range(draw(st.integers(0, 3)))]
    chosen = draw(st.lists(names, max_size=4, unique=True))
    document: dict[str, Any] = {}
    for name in chosen:
        is_leaf = not depth or name in SECRET or draw(st.booleans())
        document[name] = planted.value(name) if is_leaf else draw(nested(planted, depth - 1))
    return document


def encoded(name: str, how: int) -> str:
    """A name with some of its characters percent-encoded."""
    return "".join(
        f"%{ord(c):02x}" if how and i % how == 0 else urllib.parse.quote(c)
        for i, c in enumerate(name)
    )


@st.composite
def query(draw: st.DrawFn, planted: Planted) -> str:
    """A query string or an urlencoded form."""
    how = draw(st.integers(0, 3))
    return "&".join(f"{encoded(name, how)}={value}" for name, value in draw(fields(planted)))


@st.composite
def any_body(draw: st.DrawFn, planted: Planted) -> Any:
    """A body in one of the languages that rules can read, under a type that may lie."""
    kind = draw(st.sampled_from(["json", "json", "lines", "form", "multipart"]))
    if kind == "json":
        types = ["application/json", "application/problem+json; charset=utf-8", "text/plain", ""]
        content = draw(dressed(draw(nested(planted))))
        return body(content, draw(st.sampled_from(types)))
    if kind == "lines":
        documents = draw(st.lists(nested(planted), min_size=1, max_size=3))
        lines = "\n".join(json.dumps(document) for document in documents)
        return body(lines, draw(st.sampled_from(["application/x-ndjson", "application/jsonl"])))
    if kind == "form":
        return body(draw(query(planted)), FORM)
    parts = "".join(
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"; '
        f'filename="{planted.value(name)}"\r\n\r\n{value}\r\n'
        for name, value in draw(fields(planted))
    )
    return body(f"{parts}--frontier--\r\n", "multipart/form-data; boundary=frontier")


@st.composite
def planted_exchanges(draw: st.DrawFn) -> tuple[Exchange, Planted]:
    """An exchange with canaries in every place."""
    planted = Planted()
    referer = f"https://x.example/a?{draw(query(planted))}"
    location = f"/b?{draw(query(planted))}#{draw(query(planted))}"
    cookies = "; ".join(f"{name}={value}" for name, value in draw(fields(planted)))
    spelled = draw(st.sampled_from([str.lower, str.title, str.upper]))
    parameter = draw(names)
    value = planted.value(parameter)
    request_body, response_body = draw(any_body(planted)), draw(any_body(planted))
    given_query = draw(query(planted))
    own = [(spelled(name), text) for name, text in draw(fields(planted))]
    made = exchange(
        request_body,
        response_body,
        query=given_query,
        path=f"/users/{value}",
        path_params={parameter: value},
        route=f"/users/<{parameter}>",
        headers={**dict(own), "Referer": referer, "Cookie": cookies},
        response_headers={
            "Location": location,
            "Link": f'<{referer}>; rel="next"',
            "Set-Cookie": f"token={planted.value('token')}; Path=/; Secure",
        },
        kind=draw(st.sampled_from(["server", "client"])),
    )
    held = held_by(made)  # a dict of headers keeps the last of a name
    planted.canaries = [canary for canary in planted.canaries if canary in held]
    planted.neighbours = [neighbour for neighbour in planted.neighbours if neighbour in held]
    said = " and ".join([*planted.canaries, "the end"])
    errors = (ErrorRecord("E", said, "E", said, f"Traceback\n{said}\n", 1.0),)
    return dataclasses.replace(made, errors=errors), planted


DEEP = ("$..password", "$..token", "$..card-cvv")
RULES: list[dict[str, Any]] = [
    {
        "denylist": tuple(SECRET), "redact_request_body": DEEP, "redact_response_body": DEEP,
    },
    {
        "denylist": ("password", "$..password", "$..['token']"),
        "redact_common_secrets": True,
    },
    {"redact_common_secrets": True},
    {"redact_patterns": (r"canary\d{3}x",)},
    {
        "denylist": tuple(SECRET),
        "redact_request_body": ("$..*[?(@.password)].password", *DEEP),
        "redact_response_body": DEEP,
    },
]  # fmt: skip


class Kept:
    """Local stores, each filled with some exchanges and searched, file by file, when it is full."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lines: list[bytes] = []
        self._canaries: set[str] = set()
        self.stores = 0

    def add(self, redacted: RedactedExchange, canaries: list[str]) -> None:
        """Take one more exchange; only canaries that no neighbour could be are looked for."""
        payload = LocalEncoder().pack([LocalEncoder().encode(redacted)])
        identity = str(uuid.UUID(int=len(self._lines) + 1, version=4))
        self._lines.append(payload.content.replace(redacted.id.encode(), identity.encode()))
        self._canaries.update(canaries)
        if len(self._lines) == 200:
            self.search()

    def search(self) -> None:
        """Write the lines to a store, index them, and look into every byte of its files."""
        if not self._lines:
            return
        self.stores += 1
        writer = Writer(self._directory / f"{self.stores}" / "exchanges.sqlite")
        assert writer.append(self._lines) == 0
        while not writer.index(5):
            pass
        content = b"".join(path.read_bytes() for path in self._files())
        writer.close()
        content += b"".join(path.read_bytes() for path in self._files())
        store = Store(self._directory / f"{self.stores}" / "exchanges.sqlite")
        kept = list(store.lines())  # compressed in the file
        store.close()
        assert len(kept) == len(self._lines)
        content += b"".join(kept)
        assert b"api.example.com" in content
        for canary in self._canaries:
            assert canary.encode() not in content
        self._lines.clear()
        self._canaries.clear()

    def _files(self) -> list[Path]:
        return [path for path in (self._directory / f"{self.stores}").iterdir() if path.is_file()]


FINDS_WHAT_IS_NOT_THERE = tuple(map(int, version("jsonpath-ng").split(".")[:2])) < (1, 16)
"""Older ones give a filter behind ``$..*`` places such as ``page.[0]`` of an object."""


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Kept]:
    """Yield the stores of one test, the last of which is searched at its end."""
    kept = Kept(tmp_path)
    yield kept
    kept.search()


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(RULES))
def test_no_canary_leaves_and_its_neighbours_do(
    caplog: pytest.LogCaptureFixture, stored: Kept, data: st.DataObject, rules: dict[str, Any]
) -> None:
    """Through every encoder; a redactor that left everything out would fail too."""
    made, planted = data.draw(planted_exchanges())
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        redacted = redact(made, **rules, unredacted_headers=("Cookie", "Set-Cookie"))
    sent = [*all_bytes(redacted), caplog.text, repr(redacted.redactions)]
    for canary in planted.canaries:
        assert not any(canary in text for text in sent)
    stored.add(redacted, planted.canaries)
    omitted = {redacted.request.body.omitted, redacted.response.body.omitted}
    if FINDS_WHAT_IS_NOT_THERE:
        omitted -= {"redaction: rule failed"}
    assert omitted <= {None}
    undone = held_by(redacted)
    if redacted.request.body.omitted is redacted.response.body.omitted is None:
        for neighbour in planted.neighbours:
            assert neighbour in undone, neighbour
    assert redact(redacted, **rules, unredacted_headers=("Cookie", "Set-Cookie")) == redacted


def _plain(message: Any) -> str:
    """The text of a body, with the escapes of JSON undone."""
    content = message.body.content or b""
    try:
        return json.dumps(json.loads(content))
    except ValueError:
        return urllib.parse.unquote_plus(content.decode("utf-8", "replace"))


def held_by(one: Exchange) -> str:
    """Everything that an exchange holds, as text."""
    return urllib.parse.unquote_plus(repr(one)) + _plain(one.request) + _plain(one.response)


@given(st.data())
def test_a_denied_name_beats_an_allowed_one(data: st.DataObject) -> None:
    """With both lists, what is allowed and not denied is kept; two allowlists intersect."""
    made, planted = data.draw(planted_exchanges())
    lists = ((*SECRET, *OPEN, "Referer", "Location", "Link"), (*OPEN, "password", "referer"))
    redacted = redact(
        made,
        denylist=("password", *DEEP),
        allowlist=lists,
        unredacted_headers=("Cookie", "Set-Cookie"),
    )
    for text in all_bytes(redacted):
        assert not any(canary in text for canary in planted.canaries)
    assert "Link" in dict(redacted.response.headers)
    assert dict(redacted.response.headers)["Link"].startswith("[REDACTED")
