"""The first page: what happened in a time range, and what changed against the one before."""

from __future__ import annotations

from werkzeug.wrappers import Response

from ...store.overview import Overview, Point, Totals
from ..context import Context
from ..rendering import page

_MOST_POINTS = 1_000


def show(context: Context) -> Response:
    """Show figures, plots and tops; every one of them leads to its list."""
    span = context.range()
    seen = context.reading.overview(span.since, span.until, 8)
    return page(
        "overview.html",
        context,
        span=span,
        seen=seen,
        points=with_gaps(seen),
        extent=None if seen.now.totals.count else context.reading.extent(),
    )


def with_gaps(seen: Overview) -> list[Point]:
    """Return the plot's points with those of the steps in which nothing happened."""
    if not seen.points:
        return []
    step = seen.points[0].step
    known = {point.start: point for point in seen.points}
    first = int(seen.now.since) // step * step
    starts = range(first, int(seen.now.until), step)[-_MOST_POINTS:]
    return [known.get(start) or Point(start, step, Totals(), None, None, None) for start in starts]
