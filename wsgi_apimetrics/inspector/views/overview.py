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
        points=with_gaps(seen, context.now),
        extent=None if seen.now.totals.count else context.reading.extent(),
    )


def with_gaps(seen: Overview, now: float) -> list[Point]:
    """Return the plot's points with those of the steps in which nothing happened.

    A step that has only begun would look as if the traffic had broken down: it is left out,
    unless there is nothing else.
    """
    if not seen.points:
        return []
    step = seen.points[0].step
    known = {point.start: point for point in seen.points}
    first = int(seen.now.since) // step * step
    starts = list(range(first, int(seen.now.until), step)[-_MOST_POINTS:])
    over = [start for start in starts if start + step <= now]
    if any(start in known for start in over):
        starts = over
    return [known.get(start) or Point(start, step, Totals(), None, None, None) for start in starts]
