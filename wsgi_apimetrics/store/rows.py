"""What of an exchange is in the narrow table.

A writer makes the row of a line, and a reader makes the :class:`Summary` of a row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

_VARYING = re.compile(r"\d+|[0-9a-f-]{16,}|[^/]{40,}|.*%.*", re.IGNORECASE)
NO_ROUTE = "(no route)"
"""The endpoint of what was answered 404 without a route: scanners ask for anything."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One exchange in a list. Sizes in bytes, times in seconds, ``started_at`` Unix time.

    Attributes:
        seq: The order in which the store got it; grows, and is never used again.
        endpoint: The route, or where none is known the path with its numbers and ids as ``*``.
        status_class: 2 for 2xx and so on; 0 where no answer came.
        request_size: Bytes of the request's body, as :attr:`Body.size`; ``response_size`` too.
        request_type: The media type of the request's body; ``response_type`` of the response's.
        caller: The id of the group that the grouping function named.
        error_type: The type of the first error.
        redactions: How many things were taken out.
    """

    seq: int
    id: str
    started_at: float
    kind: str
    method: str
    scheme: str
    host: str
    path: str
    query: str
    route: str | None
    endpoint: str
    status: int
    status_class: int
    duration: float
    request_size: int | None
    response_size: int | None
    request_type: str
    response_type: str
    caller: str | None
    caller_label: str | None
    client_address: str
    framework: str | None
    error_type: str | None
    aborted: bool
    parent_id: str | None
    trace_id: str | None
    tags: tuple[str, ...]
    redactions: int

    @property
    def url(self) -> str:
        """The absolute URL."""
        return f"{self.scheme}://{self.host}{self.path}" + (f"?{self.query}" if self.query else "")


COLUMNS = tuple(field.name for field in fields(Summary))
SELECTED = ", ".join(f"exchange.{name}" for name in COLUMNS)


def summary(row: tuple[Any, ...]) -> Summary:
    """Make a summary of a row of the columns ``SELECTED``."""
    values = dict(zip(COLUMNS, row, strict=True))
    values["aborted"] = bool(values["aborted"])
    values["tags"] = tuple((values["tags"] or "").split())
    return Summary(**values)


def row_of(plain: Mapping[str, Any]) -> tuple[Any, ...]:
    """Make the row (but its ``seq``) of what ``json.loads`` made of a line.

    Raises:
        KeyError, TypeError, ValueError: the line is no exchange.
    """
    request, response = plain["request"], plain["response"]
    group = plain.get("group", {})
    errors = plain.get("errors", ())
    status = int(response["status_code"])
    started_at, duration = float(plain["started_at"]), float(sum(plain["timings"]))
    if not (math.isfinite(started_at) and math.isfinite(duration)):
        raise ValueError("a time that is none")
    return tuple(
        _storable(value)
        for value in (
            plain["id"],
            started_at,
            plain.get("kind", "server"),
            request["method"],
            request["scheme"],
            request["host"],
            request["path"],
            request.get("query", ""),
            plain.get("route"),
            endpoint(plain.get("route"), request["path"], status),
            status,
            status // 100,
            duration,
            _size(request["body"]),
            _size(response["body"]),
            media_type(request["body"]),
            media_type(response["body"]),
            group.get("id"),
            group.get("label"),
            request.get("client_address", ""),
            plain.get("framework"),
            errors[0]["type"] if errors else None,
            int(plain.get("aborted", False)),
            plain.get("parent_id"),
            plain.get("trace_id") or None,
            " ".join("_".join(tag.split()) for tag in plain.get("tags", ())) or None,
            len(plain.get("redactions", ())),
        )
    )


def endpoint(route: str | None, path: str, status: int) -> str:
    """Return the name under which like requests are counted together.

    >>> endpoint("/users/<id>", "/users/7", 200), endpoint(None, "/users/7/cart", 200)
    ('/users/<id>', '/users/*/cart')
    >>> endpoint(None, "/wp-login.php", 404)
    '(no route)'
    """
    if route is not None:
        return route
    if status in {404, 405}:
        return NO_ROUTE
    parts = path[:400].split("/")
    return "/".join("*" if _VARYING.fullmatch(part) else part for part in parts)


def media_type(body: Mapping[str, Any]) -> str:
    """Return a body's media type, as :attr:`wsgi_apimetrics.exchange.Body.media_type`."""
    return str(body.get("content_type", "")).partition(";")[0].strip().lower()


def _size(body: Mapping[str, Any]) -> int | None:
    size = body.get("size", 0)
    if size is not None and not isinstance(size, int):
        raise TypeError("a size that is no number")
    return size


def _storable(value: Any) -> Any:
    """SQLite's text is UTF-8, which has no lone surrogates."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value
