"""Two exchanges, compared by structure: headers by name, JSON by path, the rest as a whole.

Pure. What is the same is counted, not listed.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..encoding.text import text_of
from ..exchange import Body, Exchange, Headers
from .tree import children_of, kind_of, parsed, scalar

MAX_DIFFERENCES = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs; ``None``: it is not there on this side."""

    name: str
    a: str | None
    b: str | None

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        if self.a is None:
            return "added"
        return "removed" if self.b is None else "changed"


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs in one part of two exchanges, and how many things in it are the same."""

    title: str
    found: tuple[Difference, ...]
    same: int


def differences(a: Exchange, b: Exchange) -> tuple[Differences, ...]:
    """Compare two exchanges, part by part."""
    return (
        _part("Request", _line(a), _line(b)),
        _part("Request headers", _headers(a.request.headers), _headers(b.request.headers)),
        _part("Request body", _body(a.request.body), _body(b.request.body)),
        _part("Response", _status(a), _status(b)),
        _part("Response headers", _headers(a.response.headers), _headers(b.response.headers)),
        _part("Response body", _body(a.response.body), _body(b.response.body)),
    )


Values = dict[str, str]


def _part(title: str, a: Values, b: Values) -> Differences:
    names = [*a, *(name for name in b if name not in a)]
    found = [
        Difference(name, a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)
    ]
    return Differences(title, tuple(found[:MAX_DIFFERENCES]), len(names) - len(found))


def _line(exchange: Exchange) -> Values:
    request = exchange.request
    return {
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "query": request.query,
        "route": exchange.route or "",
        "caller": exchange.group.id if exchange.group else "",
    }


def _status(exchange: Exchange) -> Values:
    return {
        "status": f"{exchange.response.status_code} {exchange.response.status_text}",
        "error": exchange.errors[0].type if exchange.errors else "",
    }


def _headers(headers: Headers) -> Values:
    """Join the values of a name; names are compared without case (RFC 9110, section 5.1)."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


def _body(body: Body) -> Values:
    if body.content is None:
        return {"body": f"(left out: {body.omitted})"}
    text = text_of(body)
    if text is None:
        return {"body": f"({len(body.content):,} bytes: {body.content[:64].hex(' ')} …)"}
    try:
        document = parsed(text)
    except ValueError:
        return {"body": text} if text else {}
    leaves: Values = {}
    todo = [("$", document)]
    while todo:
        path, value = todo.pop()
        children = children_of(path, value)
        if not children:
            # A string and a number of the same digits differ.
            quoted = f'"{value}"' if kind_of(value) == "string" else scalar(value)
            leaves[path] = quoted
        todo += [(below, child) for _, below, child in reversed(children)]
    return leaves
