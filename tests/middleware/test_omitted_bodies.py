"""A body that redaction can't read for certain is left out, with the reason, and counted."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b'{"token": "hunter2"', "application/json", "malformed"),
        (b"data: token=hunter2\n\n", "text/event-stream", "event stream"),
        (b"\x89PNG\x00token", "image/png", "binary"),
    ],
)
def test_it_is_counted_by_reason(body, content_type, reason):
    """The exchange is delivered, and the statistics say what it lacks."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", content_type)])
        return [body]

    memory = Memory(denylist=["token"])
    middleware = ApiMetricsMiddleware(app, memory)
    Client(middleware).get("/", buffered=True)
    [exchange] = memory.exchanges
    assert exchange.response.body.omitted == f"redaction: {reason}"
    assert middleware.stats()["memory"].omitted_bodies == {reason: 1}
    assert middleware.stats()["memory"].delivered == 1
