"""An exchange as a span of OpenTelemetry's semantic conventions for HTTP (stable since 1.23).

Headers are lists under ``http.request.header.<name>``, as the conventions have them. They have
no attribute for a body: ``http.request.body.content`` is the Elastic Common Schema's, beside
the conventions' own ``http.request.body.size``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..exchange import Body, Exchange, Headers
from .document import first, text

Attribute = str | int | float | Sequence[str]
Attributes = dict[str, Attribute]

METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
"""The methods that the conventions know; any other is ``_OTHER``."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Span:
    """What a dialect says of an exchange: the span's name and attributes."""

    name: str
    attributes: Mapping[str, Attribute]


def span_of(exchange: Exchange) -> Span:
    """Return the span that the conventions describe, with the bodies."""
    method = exchange.request.method if exchange.request.method in METHODS else "HTTP"
    name = f"{method} {exchange.route}" if exchange.route else method
    attributes: dict[str, Attribute | None] = {
        **_request(exchange),
        **_response(exchange),
        **caller(exchange),
        **headers("request", exchange.request.headers),
        **headers("response", exchange.response.headers),
        "wsgi_apimetrics.id": exchange.id,
        "wsgi_apimetrics.sample_rate": exchange.sample_rate if exchange.sample_rate < 1 else None,
        "wsgi_apimetrics.tags": list(exchange.tags) or None,
    }
    return Span(name, said(attributes))


def is_error(exchange: Exchange) -> bool:
    """Whether the span failed: for a server 5xx, for a client 4xx too, or no answer at all."""
    status = exchange.response.status_code
    return not status or status >= (400 if exchange.kind == "client" else 500)


def error_type(exchange: Exchange) -> str | None:
    """Return what ended the exchange: an exception's type, else the status."""
    if not is_error(exchange):
        return None
    if exchange.errors:
        return exchange.errors[-1].type
    return str(exchange.response.status_code or "_OTHER")


def server_of(exchange: Exchange) -> tuple[str, int | None]:
    """Return the host and the port that the client named; the scheme's port if it named none."""
    request = exchange.request
    name, colon, port = request.host.rpartition(":")
    if colon and port.isdecimal() and len(port) <= 5:
        return name, int(port)
    return request.host, _PORTS.get(request.scheme)


def headers(side: str, pairs: Headers) -> dict[str, list[str]]:
    """Return the headers of one ``side`` as attributes, every value kept."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(f"http.{side}.header.{name.lower()}", []).append(value)
    return found


def caller(exchange: Exchange) -> dict[str, Attribute | None]:
    """Return who called, as far as the grouping function said."""
    group = exchange.group
    if group is None:
        return {}
    return {"user.id": group.id, "user.email": group.email, "user.full_name": group.label}


def said(attributes: Mapping[str, Attribute | None]) -> Attributes:
    """Leave out what is not known."""
    return {name: value for name, value in attributes.items() if value not in (None, "")}


def _request(exchange: Exchange) -> dict[str, Attribute | None]:
    request = exchange.request
    known = request.method in METHODS
    incoming = exchange.kind == "server"
    address, port = server_of(exchange)
    return {
        "http.request.method": request.method if known else "_OTHER",
        "http.request.method_original": None if known else request.method,
        "http.route": exchange.route if incoming else None,
        "url.template": None if incoming else exchange.route,
        "url.full": None if incoming else request.url,
        "url.scheme": request.scheme,
        "url.path": request.path if incoming else None,
        "url.query": request.query if incoming else None,
        "server.address": address,
        "server.port": port,
        "client.address": request.client_address,
        "network.peer.address": request.peer_address,
        "network.protocol.name": "http",
        "network.protocol.version": request.protocol_version,
        "user_agent.original": first(request.headers, "user-agent"),
        "http.request.body.size": request.body.size,
        "http.request.body.content": _content(request.body),
    }


def _response(exchange: Exchange) -> dict[str, Attribute | None]:
    response = exchange.response
    return {
        "http.response.status_code": response.status_code or None,
        "error.type": error_type(exchange),
        "http.response.body.size": response.body.size,
        "http.response.body.content": _content(response.body),
    }


def _content(body: Body) -> str | None:
    return text(body) if body.content else None
