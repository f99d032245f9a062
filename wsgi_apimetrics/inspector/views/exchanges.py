"""The list, page by page, and what came since: the same rows, as HTML and as JSON."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from ...store import Summary
from ..context import Context
from ..filters import FIELDS, asked
from ..rendering import clock, day, page, seconds, short, size, visible

_COUNTED = 10_000
_NEW = 100


def show(context: Context) -> Response:
    """Show one page of what the address asks for."""
    span = context.range()
    wanted = asked(context.request.args, span)
    store = context.reading
    last_seq = store.last_indexed() if wanted.filter.search else store.last_seq()
    try:
        found = store.page(wanted.filter, context.arg("after") or None)
    except ValueError:
        raise BadRequest(
            "This address names no place in a list; begin at its first page."
        ) from None
    return page(
        "exchanges.html",
        context,
        span=span,
        wanted=wanted,
        fields=FIELDS,
        search=context.arg("q"),
        rows=[row(context, one) for one in found.summaries],
        next=found.next_cursor,
        count=store.count(wanted.filter, _COUNTED),
        counted=_COUNTED,
        last_seq=last_seq,
        behind=store.last_seq() - last_seq if wanted.filter.search else 0,
    )


def live(context: Context) -> Response:
    """Return what came after ``seq``, for the page to put on top."""
    text = context.arg("seq", "0")
    if not text.isdecimal() or len(text) > 18:
        raise BadRequest("seq: a number")
    wanted = asked(context.request.args, context.range())
    store = context.reading
    # A search finds what is indexed; what is not yet is looked for the next time.
    upto = store.last_indexed() if wanted.filter.search else store.last_seq()
    new = store.newer(int(text), wanted.filter, _NEW)
    if len(new) == _NEW:
        upto = new[-1].seq
    answer = {"seq": max(upto, int(text)), "rows": [row(context, one) for one in new]}
    return Response(json.dumps(answer), mimetype="application/json")


def row(context: Context, one: Summary) -> dict[str, Any]:
    """Return a row of the list as texts to show, the same for the page and for its script."""
    return {
        "id": one.id,
        "href": context.url(f"exchanges/{one.id}"),
        "time": clock(one.started_at),
        "day": day(one.started_at),
        "method": visible(one.method[:12]),
        "status": str(one.status) if one.status else "-",
        "class": str(one.status_class),
        "path": visible(one.path[:300] + (f"?{one.query[:200]}" if one.query else "")),
        "host": visible(one.host[:80]),
        "endpoint": visible(one.endpoint[:120]),
        "caller": visible(short(one.caller_label or one.caller or "")),
        "duration": seconds(one.duration),
        "size": size(one.response_size),
        "notes": _notes(one),
    }


def _notes(one: Summary) -> str:
    """Return what is particular about an exchange, in words."""
    found = []
    if one.kind == "client":
        found.append("outgoing")
    if one.error_type:
        found.append(visible(one.error_type.rpartition(".")[2][:40]))
    if one.aborted:
        found.append("ended early")
    if one.redactions:
        found.append(f"{one.redactions} redacted")
    return " · ".join(found)
