"""Who uses the API: with what, how often, with which errors."""

from __future__ import annotations

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ...store import Filter
from ..context import Context
from ..rendering import page
from .exchanges import row

_MOST = 200


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
    return page(
        "caller.html",
        context,
        span=span,
        detail=detail,
        rows=[row(context, summary) for summary in newest.summaries],
    )
