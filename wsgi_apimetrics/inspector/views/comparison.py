"""Two exchanges, compared by structure."""

from __future__ import annotations

from werkzeug.wrappers import Response

from ..compare import differences
from ..context import Context
from ..rendering import page
from .exchange import stored_of
from .exchanges import row


def show(context: Context) -> Response:
    """Show what differs between the exchanges ``a`` and ``b``."""
    one, other = (stored_of(context, context.arg(name)) for name in ("a", "b"))
    rows = [
        None if summary is None else row(context, summary)
        for summary in (context.reading.summary(x.exchange.id) for x in (one, other))
    ]
    return page(
        "compare.html",
        context,
        a=rows[0],
        b=rows[1],
        groups=differences(one.exchange, other.exchange),
    )
