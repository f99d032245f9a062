"""A span's attributes, read to a request and a response: newer names first, then older."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ...exchange import Body, Headers, Request, Response
from .reading import body, content_type, from_base64

Attributes = Mapping[str, Any]


def request_of(attributes: Attributes) -> Request:
    """Return the request; what no attribute tells is left empty."""
    url = urllib.parse.urlsplit(_text(attributes, "url.full", "http.url"))
    target = urllib.parse.urlsplit(_text(attributes, "http.target"))
    headers = _headers(attributes, "request")
    return Request(
        method=_text(
            attributes, "http.request.method_original", "http.request.method", "http.method"
        )
        or "GET",
        scheme=_text(attributes, "url.scheme", "http.scheme") or url.scheme or "http",
        host=url.netloc or _host(attributes),
        path=_text(attributes, "url.path") or target.path or url.path or "/",
        query=_text(attributes, "url.query") or target.query or url.query,
        protocol_version=_text(attributes, "network.protocol.version", "http.flavor") or "1.1",
        headers=headers,
        body=_body(attributes, "request", headers),
        client_address=_text(attributes, "client.address", "http.client_ip"),
        peer_address=_text(attributes, "network.peer.address", "net.sock.peer.addr"),
    )


def response_of(attributes: Attributes) -> Response:
    """Return the response; status 0 where none came."""
    headers = _headers(attributes, "response")
    status = _text(attributes, "http.response.status_code", "http.status_code")
    return Response(
        int(status) if status.isdecimal() else 0,
        headers=headers,
        body=_body(attributes, "response", headers),
    )


def route_of(attributes: Attributes) -> str | None:
    """Return the route's template."""
    return _text(attributes, "http.route", "url.template") or None


def _host(attributes: Attributes) -> str:
    name = _text(attributes, "server.address", "net.host.name", "http.host", "net.peer.name")
    port = _text(attributes, "server.port", "net.host.port", "net.peer.port")
    is_usual = port in {"", "80", "443"} or name.endswith(f":{port}")
    return name if is_usual else f"{name}:{port}"


def _headers(attributes: Attributes, side: str) -> Headers:
    prefix = f"http.{side}.header."
    return tuple(
        (name[len(prefix) :], str(one))
        for name, value in attributes.items()
        if name.startswith(prefix)
        for one in (value if isinstance(value, list) else [value])
    )


def _body(attributes: Attributes, side: str, headers: Headers) -> Body:
    """Return a body: Elastic's attribute holds it as text, APIToolkit's as Base64."""
    plain = attributes.get(f"http.{side}.body.content")
    if plain is not None:
        return body(str(plain).encode("utf-8", "replace"), headers)
    coded = attributes.get(f"http.{side}.body")
    if coded is not None:
        return body(_document(str(coded)), headers)
    size = attributes.get(f"http.{side}.body.size")
    if not isinstance(size, int) or not size:
        return Body()
    return Body(None, size, size, content_type(headers), omitted="not in the span")


def _document(coded: str) -> bytes:
    try:
        content = from_base64(coded)
    except ValueError:
        return coded.encode("utf-8", "replace")
    if content == b"null":
        return b""
    if content[:1] == b'"':
        return str(json.loads(content)).encode("utf-8", "replace")
    return content


def _text(attributes: Attributes, *names: str) -> str:
    return next((str(attributes[name]) for name in names if attributes.get(name)), "")
