"""A list's address, read as a filter; and the fields of the form that makes such addresses.

A value that makes no sense is left out and named, so that an address that was typed by hand
still shows something.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from ..redaction.mask import mask
from ..store import Filter
from .ranges import TimeRange


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form: its name in the address, what it is called, how it is filled."""

    name: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


FIELDS = (
    Field("status", "Status", "404, 5xx, or several: 404,5xx"),
    Field("method", "Method", "GET, POST"),
    Field("path", "Path", "/users/7, or /users/*"),
    Field("query", "Query", "page=2"),
    Field("route", "Route", "/users/<id>"),
    Field("scheme", "Scheme", choices=(("https", "https"), ("http", "http"))),
    Field("host", "Host", "api.example.com"),
    Field("caller", "Caller", "key, or its mask"),
    Field("slower", "Slower than", "milliseconds"),
    Field("faster", "Faster than", "milliseconds"),
    Field("sent", "Request from", "bytes"),
    Field("sent_most", "Request up to", "bytes"),
    Field("got", "Response from", "bytes"),
    Field("got_most", "Response up to", "bytes"),
    Field("sent_type", "Request type", "application/json"),
    Field("type", "Response type", "application/json"),
    Field("error", "Error", "ValueError"),
    Field("client", "Client address", "203.0.113.9"),
    Field("framework", "Framework", "flask"),
    Field("tag", "Tag"),
    Field("trace", "Trace", "32 hexadecimal digits"),
    Field("parent", "Made during", "an exchange's id"),
    Field("kind", "Direction", choices=(("server", "answered"), ("client", "made"))),
    Field("failed", "Recorded error", choices=(("yes", "with"), ("no", "without"))),
    Field("aborted", "Ended early", choices=(("yes", "yes"), ("no", "no"))),
    Field("redacted", "Redacted", choices=(("yes", "something"), ("no", "nothing"))),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: the filter, and the fields that could not be read."""

    filter: Filter
    wrong: tuple[str, ...]
    given: dict[str, str]


def asked(args: MultiDict[str, str], span: TimeRange) -> Asked:
    """Read the parameters of an address."""
    given = {field.name: args[field.name].strip() for field in FIELDS if args.get(field.name)}
    parts: dict[str, Any] = {}
    wrong = [name for name, text in given.items() if not _read(name, text, parts)]
    # A range that ends now has no end: what comes in belongs to it.
    until = None if span.is_live else span.until
    search = args.get("q", "").strip()
    return Asked(Filter(search=search, since=span.since, until=until, **parts), tuple(wrong), given)


def _read(name: str, text: str, parts: dict[str, Any]) -> bool:
    """Put what a field says into ``parts``, and say whether it could be read."""
    try:
        parts.update(_READERS[name](text))
    except ValueError:
        return False
    return True


def _status(text: str) -> dict[str, Any]:
    """Read ``404,5xx``; codes and classes together are codes."""
    codes: list[int] = []
    classes: list[int] = []
    for word in text.lower().replace(" ", "").split(","):
        if not re.fullmatch(r"[0-9]xx|[0-9]{1,3}", word):
            raise ValueError(word)
        if word.endswith("xx"):
            classes.append(int(word[0]))
        else:
            codes.append(int(word))
    if not codes:
        return {"status_class": tuple(classes)}
    spelt = (code for first in classes for code in range(first * 100, first * 100 + 100))
    return {"status": (*codes, *spelt)}


def _caller(text: str) -> dict[str, Any]:
    """A key is in the store masked, unless the app named its callers itself."""
    return {"caller": (text,) if text.startswith("sha512-") else (text, mask(text))}


def _several(name: str, text: str) -> dict[str, Any]:
    return {name: tuple(word.strip() for word in text.split(",") if word.strip())}


def _yes(name: str, text: str) -> dict[str, Any]:
    if text not in {"yes", "no"}:
        raise ValueError(text)
    return {name: text == "yes"}


def _one(name: str, choices: set[str], text: str) -> dict[str, Any]:
    if text not in choices:
        raise ValueError(text)
    return {name: text}


def _limit(name: str, share: float, text: str) -> dict[str, Any]:
    value = float(text.replace(",", ""))
    if not 0 <= value < 1e15:
        raise ValueError(text)
    return {name: value / share if share > 1 else int(value)}


_READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "status": _status,
    "method": lambda text: _several("method", text.upper()),
    "path": lambda text: {"path": text},
    "query": lambda text: {"query": text.removeprefix("?")},
    "scheme": lambda text: _one("scheme", {"http", "https"}, text),
    "route": lambda text: {"endpoint": (text,)},
    "host": lambda text: _several("host", text),
    "caller": _caller,
    "slower": lambda text: _limit("min_duration", 1000, text),
    "faster": lambda text: _limit("max_duration", 1000, text),
    "sent": lambda text: _limit("min_request_size", 1, text),
    "sent_most": lambda text: _limit("max_request_size", 1, text),
    "got": lambda text: _limit("min_response_size", 1, text),
    "got_most": lambda text: _limit("max_response_size", 1, text),
    "sent_type": lambda text: {"request_type": text.lower()},
    "type": lambda text: {"response_type": text.lower()},
    "error": lambda text: {"error_type": text},
    "client": lambda text: {"client_address": text},
    "framework": lambda text: {"framework": text.lower()},
    "tag": lambda text: {"tag": text},
    "trace": lambda text: {"trace_id": text.lower()},
    "parent": lambda text: {"parent_id": text},
    "kind": lambda text: _one("kind", {"server", "client"}, text),
    "failed": lambda text: _yes("with_error", text),
    "aborted": lambda text: _yes("aborted", text),
    "redacted": lambda text: _yes("redacted", text),
}
