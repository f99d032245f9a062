"""What a list may be narrowed to, and the SQL that says so.

Every value goes to SQLite as a parameter; no text of a user is ever part of a statement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

Condition = tuple[str, tuple[Any, ...], str | None]
"""An expression, its parameters, and the index that serves it (``None``: none does)."""


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
        method: In capitals. ``host`` with its port, ``response_type`` a media type.
        with_error: Whether an error was recorded.
        aborted: Whether the response ended early.
        tag: One word among the exchange's tags.
    """

    search: str = ""
    since: float | None = None
    until: float | None = None
    kind: str | None = None
    method: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    status_class: tuple[int, ...] = ()
    host: tuple[str, ...] = ()
    path: str | None = None
    endpoint: tuple[str, ...] = ()
    caller: tuple[str, ...] = ()
    client_address: str | None = None
    framework: str | None = None
    response_type: str | None = None
    error_type: str | None = None
    with_error: bool | None = None
    aborted: bool | None = None
    parent_id: str | None = None
    trace_id: str | None = None
    tag: str | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    min_request_size: int | None = None
    min_response_size: int | None = None

    def conditions(self) -> list[Condition]:
        """Return the conditions but for ``search`` and the time range."""
        found: list[Condition] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value == () or field.name in _ELSEWHERE:
                continue
            found.append(_SPECIAL.get(field.name, _equal)(field.name, value))
        return found

    def times(self) -> list[Condition]:
        """Return the conditions of the time range."""
        found: list[Condition] = []
        if self.since is not None:
            found.append(("started_at >= ?", (self.since,), None))
        if self.until is not None:
            found.append(("started_at < ?", (self.until,), None))
        return found


EVERYTHING = Filter()


def _equal(name: str, value: Any) -> Condition:
    values = value if isinstance(value, tuple) else (value,)
    if len(values) == 1:
        return f"{name} = ?", values, f"exchange_{name}"
    return f"{name} IN ({', '.join('?' * len(values))})", values, f"exchange_{name}"


def _path(_: str, value: str) -> Condition:
    if not value.endswith("*"):
        return "exchange.path = ?", (value,), "exchange_path"
    start = value[:-1]
    # Everything that begins so lies below the same text with the highest character after it.
    return (
        "exchange.path >= ? AND exchange.path < ?",
        (start, start + "\U0010ffff"),
        "exchange_path",
    )


def _with_error(_: str, value: bool) -> Condition:
    return (
        ("error_type IS NOT NULL", (), "exchange_error_type")
        if value
        else ("error_type IS NULL", (), None)
    )


def _aborted(_: str, value: bool) -> Condition:
    return ("aborted = 1", (), "exchange_aborted") if value else ("aborted = 0", (), None)


def _least(name: str, value: float) -> Condition:
    column = name.removeprefix("min_")
    return f"{column} >= ?", (value,), f"exchange_{column}"


def _tag(_: str, value: str) -> Condition:
    return "instr(' ' || tags || ' ', ' ' || ? || ' ') > 0", (value,), None


_ELSEWHERE = frozenset({"search", "since", "until"})
_SPECIAL: dict[str, Callable[[str, Any], Condition]] = {
    "path": _path,
    "with_error": _with_error,
    "aborted": _aborted,
    "tag": _tag,
    "min_duration": _least,
    "min_request_size": _least,
    "min_response_size": _least,
    "max_duration": lambda _, value: ("duration <= ?", (value,), "exchange_duration"),
}
