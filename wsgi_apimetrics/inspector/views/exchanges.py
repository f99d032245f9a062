"""The list, page by page, and what came since: the same rows, as HTML and as JSON."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from ...store import Filter, Store, Summary
from ..context import Context
from ..filters import FIELDS, asked
from ..rendering import clock, day, page, seconds, segments, short, size, visible
from ..streams import News

_COUNTED = 10_000
SOON = 0.012
"""Seconds for what is found; its count gets half of that."""

_NEW = 100


def show(context: Context) -> Response:
    """Show one page of what the address asks for."""
    span = context.range()
    wanted = asked(context.request.args, span)
    store = context.reading
    last_seq = store.last_indexed() if wanted.filter.search else store.last_seq()
    try:
        found = store.page(wanted.filter, context.arg("after") or None, seconds=SOON)
    except ValueError:
        raise BadRequest(
            "This address names no place in a list; begin at its first page."
        ) from None
    count, is_all = store.at_least(wanted.filter, _COUNTED, SOON / 2)
    return page(
        "exchanges.html",
        context,
        span=span,
        wanted=wanted,
        fields=FIELDS,
        search=context.arg("q"),
        rows=[row(context, one) for one in found.summaries],
        next=found.next_cursor,
        is_cut=found.is_cut,
        count=max(count, len(found.summaries)),
        is_all=is_all,
        last_seq=last_seq,
        behind=store.last_seq() - last_seq if wanted.filter.search else 0,
    )


def live(context: Context) -> Response:
    """Return what came after ``seq``, for the page to put on top."""
    seq = _place(context.arg("seq", "0"))
    wanted = asked(context.request.args, context.range()).filter
    answer = _news(context, context.reading, wanted, seq)
    return Response(json.dumps(answer), mimetype="application/json")


def stream(context: Context) -> Response:
    """Return the same for as long as the page is open, if there is a stream free for it."""
    seq = _place(context.request.headers.get("Last-Event-ID") or context.arg("seq", "0"))
    wanted = asked(context.request.args, context.range()).filter

    def news(seq: int) -> News:
        # Nothing is held between two looks: the file may be moved, or another thread may close us.
        with Store(context.source.path) as store:
            return _news(context, store, wanted, seq)

    return context.streams.answer(context.request.environ, news, seq)


def _place(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise BadRequest("seq: a number")
    return int(text)


def _news(context: Context, store: Store, wanted: Filter, seq: int) -> News:
    """Return what came after ``seq``; of more than a page can follow, the newest."""
    # A search finds what is indexed; what is not yet is looked for the next time.
    upto = store.last_indexed() if wanted.search else store.last_seq()
    new = store.newer(seq, wanted, _NEW + 1)
    gap = len(new) > _NEW
    if gap:
        new = store.page(wanted, size=_NEW, seconds=SOON).summaries[::-1]
    upto = max([upto, *(one.seq for one in new)])
    return {"seq": upto, "gap": gap, "rows": [row(context, one) for one in new]}


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
        "path": _target(one),
        "host": visible(one.host[:80]),
        "endpoint": visible(one.endpoint[:120]),
        "caller": visible(short(one.caller_label or one.caller or "")),
        "duration": seconds(one.duration),
        "size": size(one.response_size),
        "notes": _notes(one),
    }


def _target(one: Summary) -> str:
    """Return the path and the query, of a call that was made with the host; markers readable."""
    host = one.host[:80] if one.kind == "client" else ""
    target = host + one.path[:300] + (f"?{one.query[:200]}" if one.query else "")
    return "".join(text for text, _ in segments(target))


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
