"""Who uses the API: with what, how often, with which errors."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ...store import Filter
from ..context import Context
from ..rendering import page
from .exchanges import row

_MOST = 200
_COUNTED = 12

Linked = tuple[str | int, int, str]
"""What was counted, how often, and the address of the list of it."""


def show(context: Context) -> Response:
    """Show the most frequent callers of the time range."""
    span = context.range()
    found = context.reading.callers(span.since, span.until, _MOST)
    return page("callers.html", context, span=span, callers=found, most=_MOST)


def one(context: Context) -> Response:
    """Show one caller; its id is a parameter, as it may hold any character."""
    span = context.range()
    id_ = context.arg("id")
    detail = context.reading.caller(id_, span.since, span.until)
    if detail is None:
        raise NotFound("Nobody of this name has called.")
    newest = context.reading.page(Filter(caller=(id_,), since=span.since), size=20)

    def linked(counts: Sequence[tuple[str | int, int]], *fields: str) -> list[Linked]:
        return [
            (value, count, _list_of(context, id_, fields, value))
            for value, count in counts[:_COUNTED]
        ]

    return page(
        "caller.html",
        context,
        span=span,
        detail=detail,
        endpoints=linked(detail.endpoints, "method", "route"),
        errors=linked(detail.errors, "status", "method", "route"),
        statuses=linked(detail.statuses, "status"),
        addresses=linked(detail.addresses, "client"),
        rows=[row(context, summary) for summary in newest.summaries],
    )


def _list_of(context: Context, id_: str, fields: tuple[str, ...], value: str | int) -> str:
    """Return the address of the caller's list where each field is the next word of ``value``."""
    wanted = dict(zip(fields, str(value).split(" ", len(fields) - 1), strict=True))
    return context.url("exchanges", caller=id_, **wanted)
