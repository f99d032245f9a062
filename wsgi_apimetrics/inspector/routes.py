"""Which address is which page."""

from __future__ import annotations

from werkzeug.routing import Map, Rule

from .views import callers, comparison, download, exchange, exchanges, overview

ROUTES = Map(
    [
        Rule("/", endpoint=overview.show),
        Rule("/exchanges", endpoint=exchanges.show),
        Rule("/exchanges/live", endpoint=exchanges.live),
        Rule("/exchanges/stream", endpoint=exchanges.stream),
        Rule("/exchanges/<id_>", endpoint=exchange.show),
        Rule("/exchanges/<id_>/as/<form>", endpoint=download.form),
        Rule("/exchanges/<id_>/<side>/image", endpoint=download.image),
        Rule("/exchanges/<id_>/<side>/body", endpoint=download.body),
        Rule("/compare", endpoint=comparison.show),
        Rule("/callers", endpoint=callers.show),
        Rule("/callers/one", endpoint=callers.one),
    ]
)
