"""What a list may be narrowed to, and the SQL that says so.

Every value goes to SQLite as a parameter; no text of a user is ever part of a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from .marks import EACH, LAST, LONGEST, Lookup, size_slot
from .slots import slot_of

Condition = tuple[str, tuple[Any, ...]]
"""An expression and its parameters."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; every part that is given must hold, and one of a tuple's values.

    Times are Unix times in seconds (``since`` counts, ``until`` does not), durations
    seconds, sizes bytes of the decoded body.

    Attributes:
        search: Words to find in paths, headers and bodies: :func:`.searchable.match_expression`.
        status: Exact codes; ``status_class`` the first digit (5 for 5xx).
        endpoint: A route, or the made-up one of :func:`.rows.endpoint`.
        path: A path, exactly or, with a ``*`` at its end, its beginning.
        query: A part of the query string, as it was sent. No index knows it.
        method: In capitals. ``host`` with its port, ``request_type`` and ``response_type`` media
            types.
        with_error: Whether an error was recorded.
        aborted: Whether the response ended early.
        redacted: Whether anything was taken out.
        tag: One word among the exchange's tags.
    """

    search: str = ""
    since: float | None = None
    until: float | None = None
    kind: str | None = None
    method: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    status_class: tuple[int, ...] = ()
    scheme: str | None = None
    host: tuple[str, ...] = ()
    path: str | None = None
    query: str | None = None
    endpoint: tuple[str, ...] = ()
    caller: tuple[str, ...] = ()
    client_address: str | None = None
    framework: str | None = None
    request_type: str | None = None
    response_type: str | None = None
    error_type: str | None = None
    with_error: bool | None = None
    aborted: bool | None = None
    redacted: bool | None = None
    parent_id: str | None = None
    trace_id: str | None = None
    tag: str | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    min_request_size: int | None = None
    max_request_size: int | None = None
    min_response_size: int | None = None
    max_response_size: int | None = None

    def conditions(self) -> list[Condition]:
        """Return the conditions but for ``search`` and the time range."""
        return [_SPECIAL.get(name, _equal)(name, value) for name, value in self._given()]

    def lookups(self) -> list[Lookup]:
        """Return what to look for in the marks: the same as :meth:`conditions`."""
        return [_LOOKUPS.get(name, _look_up)(name, value) for name, value in self._given()]

    def is_given(self) -> bool:
        """Whether there is any condition besides ``search``."""
        return bool(self.conditions() or self.times())

    def times(self) -> list[Condition]:
        """Return the conditions of the time range."""
        found: list[Condition] = []
        if self.since is not None:
            found.append(("started_at >= ?", (self.since,)))
        if self.until is not None:
            found.append(("started_at < ?", (self.until,)))
        return found

    def joined(self) -> tuple[str, tuple[Any, ...]]:
        """Return all conditions but ``search`` as one expression, and its parameters."""
        found = [*self.conditions(), *self.times()]
        where = " AND ".join(f"({expression})" for expression, _ in found) or "1"
        return where, tuple(value for _, values in found for value in values)

    def _given(self) -> Iterator[tuple[str, Any]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value != () and field.name not in _ELSEWHERE:
                yield field.name, value


EVERYTHING = Filter()


def _equal(name: str, value: Any) -> Condition:
    values = value if isinstance(value, tuple) else (value,)
    if len(values) == 1:
        return f"{name} = ?", values
    return f"{name} IN ({', '.join('?' * len(values))})", values


def _path(_: str, value: str) -> Condition:
    if not value.endswith("*"):
        return "exchange.path = ?", (value,)
    # Everything that begins so lies below the same text with the highest character after it.
    return "exchange.path >= ? AND exchange.path < ?", (value[:-1], value[:-1] + LAST)


def _with_error(_: str, value: bool) -> Condition:
    return ("error_type IS NOT NULL" if value else "error_type IS NULL"), ()


def _aborted(_: str, value: bool) -> Condition:
    return ("aborted = 1" if value else "aborted = 0"), ()


def _redacted(_: str, value: bool) -> Condition:
    return ("redactions > 0" if value else "redactions = 0"), ()


def _query(_: str, value: str) -> Condition:
    return "instr(exchange.query, ?) > 0", (value,)


def _least(name: str, value: float) -> Condition:
    return f"{name.removeprefix('min_')} >= ?", (value,)


def _most(name: str, value: float) -> Condition:
    return f"{name.removeprefix('max_')} <= ?", (value,)


def _tag(_: str, value: str) -> Condition:
    return "instr(' ' || tags || ' ', ' ' || ? || ' ') > 0", (value,)


def _look_up(name: str, value: Any) -> Lookup:
    values = value if isinstance(value, tuple) else (value,)
    cut = [one[:LONGEST] if isinstance(one, str) else one for one in values]
    unsure = [(one, one) for one in cut if isinstance(one, str) and len(one) == LONGEST]
    return Lookup(name, tuple((one, one) for one in cut), tuple(unsure))


def _path_lookup(name: str, value: str) -> Lookup:
    if not value.endswith("*"):
        return _look_up(name, value)
    start = value[:-1]
    # A mark has no more of a path than this.
    if len(start) >= LONGEST:
        return _look_up(name, start)
    return Lookup(name, ((start, start + LAST),))


def _least_lookup(name: str, value: float) -> Lookup:
    field = name.removeprefix("min_")
    slot = _slot(field, value)
    return Lookup(field, ((slot + 1, _HIGHEST),), ((slot, slot),))


def _most_lookup(name: str, value: float) -> Lookup:
    field = name.removeprefix("max_")
    slot = _slot(field, value)
    return Lookup(field, ((-1, slot - 1),), ((slot, slot),))


def _slot(field: str, value: float) -> int:
    return slot_of(value) if field == "duration" else size_slot(max(0, int(value)))


_HIGHEST = 2**62
_ELSEWHERE = frozenset({"search", "since", "until"})
_SPECIAL: dict[str, Callable[[str, Any], Condition]] = {
    "path": _path,
    "with_error": _with_error,
    "aborted": _aborted,
    "redacted": _redacted,
    "query": _query,
    "tag": _tag,
    "min_duration": _least,
    "min_request_size": _least,
    "min_response_size": _least,
    "max_duration": _most,
    "max_request_size": _most,
    "max_response_size": _most,
}
_LOOKUPS: dict[str, Callable[[str, Any], Lookup]] = {
    "path": _path_lookup,
    "with_error": lambda _, value: Lookup("error_type", (("", LAST),), negated=not value),
    "aborted": lambda _, value: Lookup("aborted", ((1, 1),), negated=not value),
    "redacted": lambda _, value: Lookup("redactions", ((1, 1),), negated=not value),
    "query": lambda *_: EACH,
    "min_duration": _least_lookup,
    "min_request_size": _least_lookup,
    "min_response_size": _least_lookup,
    "max_duration": _most_lookup,
    "max_request_size": _most_lookup,
    "max_response_size": _most_lookup,
}
