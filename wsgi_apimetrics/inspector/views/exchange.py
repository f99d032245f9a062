"""One exchange: the request beside the response, and everything that is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ...exchange import Exchange, Headers, Redaction
from ...jsonline import StoredExchange
from ...redaction.marks import MARKER
from ...store import Summary
from ..bodies import shown
from ..context import Context
from ..rendering import page
from .download import FORMS
from .exchanges import row


@dataclass(frozen=True, slots=True)
class Bar:
    """One call of a waterfall: where it begins and how long it is, in percent of the exchange."""

    summary: Summary
    start: float
    width: float


def show(context: Context, id_: str) -> Response:
    """Show the exchange ``id_``."""
    stored = stored_of(context, id_)
    exchange = stored.exchange
    rules = by_place(stored.redactions)
    parent = context.reading.summary(exchange.parent_id) if exchange.parent_id else None
    return page(
        "exchange.html",
        context,
        x=exchange,
        redactions=stored.redactions,
        rules=rules,
        sides={
            side: shown(message.body, below(rules, f"{side}.body."))
            for side, message in (("request", exchange.request), ("response", exchange.response))
        },
        query=parse_qsl(exchange.request.query, keep_blank_values=True)[:1000],
        cookies={"request": sent_cookies(exchange.request.headers)},
        bars=waterfall(exchange, context.reading.children(id_)),
        parent=None if parent is None else row(context, parent),
        forms=FORMS,
    )


def stored_of(context: Context, id_: str) -> StoredExchange:
    """Return an exchange of the store; :class:`NotFound` if it is not (any more) there."""
    stored = context.reading.get(id_)
    if stored is None:
        raise NotFound("This exchange is not, or no longer, in the store.")
    return stored


def by_place(redactions: tuple[Redaction, ...]) -> dict[str, str]:
    """Return the rule of each place, headers in lower case."""
    found: dict[str, str] = {}
    for one in redactions:
        place = one.place.lower() if ".headers." in one.place else one.place
        rule = f"{one.rule} ({one.reason})" if one.reason else one.rule
        found[place] = f"{found[place]}, {rule}" if place in found else rule
    return found


def below(rules: dict[str, str], prefix: str) -> dict[str, str]:
    """Return the rules of the places that begin so, without the beginning."""
    return {place[len(prefix) :]: rule for place, rule in rules.items() if place.startswith(prefix)}


def sent_cookies(headers: Headers) -> list[tuple[str, str]]:
    """Return the names and values of the request's cookies, as they were sent."""
    found = []
    for name, value in headers:
        if name.lower() == "cookie" and not MARKER.fullmatch(value):
            for part in value.split(";"):
                key, _, content = part.strip().partition("=")
                if key:
                    found.append((key, content))
    return found


def waterfall(exchange: Exchange, calls: tuple[Summary, ...]) -> tuple[Bar, ...]:
    """Return where in the exchange's time each call that it made lies, in percent."""
    begin = exchange.started_at
    end = max([begin + exchange.timings.total, *(c.started_at + c.duration for c in calls)])
    whole = max(end - begin, 1e-6)
    return tuple(
        Bar(
            call,
            min(99.0, max(0.0, (call.started_at - begin) / whole * 100)),
            min(100.0, max(0.5, call.duration / whole * 100)),
        )
        for call in calls
    )
