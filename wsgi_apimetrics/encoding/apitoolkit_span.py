"""An exchange as APIToolkit's server reads a span that comes by OTLP.

Only a span of this name has its bodies read; it tells incoming from outgoing by the span's
kind. Dotted names are nested by the server, so ``http.request.body`` rules out any other name
that begins with it, such as the conventions' ``http.request.body.size``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..exchange import Exchange
from .apitoolkit import error_fields, query_params, sdk_type, url_path
from .document import compact, document
from .semantics import Attribute, Span, caller, error_type, headers, said

SPAN_NAME = "monoscope.http"
"""The newer of the two names: the older one is taken for incoming whatever the kind."""


class APIToolkitSpans:
    """Describes exchanges to APIToolkit.

    Args:
        service_version: The version of the app, if it is to be sent.
        tags: Words to put on every span.
    """

    def __init__(self, service_version: str | None = None, tags: Sequence[str] = ()) -> None:
        self._service_version = service_version
        self._tags = tuple(tags)

    def __call__(self, exchange: Exchange) -> Span:
        """Return the span."""
        request, response = exchange.request, exchange.response
        params = {name: str(value) for name, value in exchange.path_params.items()}
        attributes: dict[str, Attribute | None] = {
            "net.host.name": request.host,
            "url.scheme": request.scheme,
            "client.address": request.client_address,
            "http.request.method": request.method,
            "http.route": url_path(exchange),
            "http.target": request.target,
            "http.request.query_params": compact(query_params(request.query)).decode(),
            "http.request.path_params": compact(params).decode(),
            "http.request.body": document(request.body),
            "http.response.status_code": response.status_code,
            "http.response.body": document(response.body),
            "error.type": error_type(exchange),
            "apitoolkit.sdk_type": sdk_type(exchange),
            "apitoolkit.msg_id": exchange.id,
            "apitoolkit.parent_id": exchange.parent_id,
            "apitoolkit.errors": compact([error_fields(e) for e in exchange.errors]).decode(),
            "apitoolkit.service_version": self._service_version,
            "apitoolkit.tags": [*self._tags, *exchange.tags] or None,
            **caller(exchange),
            **headers("request", request.headers),
            **headers("response", response.headers),
        }
        return Span(SPAN_NAME, said(attributes))
