"""The layer under test inside a server, and what it recorded, as JSON takes it."""

from __future__ import annotations

from typing import Any

from zoo.recorded import summary

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory


def wrapped(app: Any) -> tuple[Any, Any]:
    """Return the app in the middleware, and a function that lists what was recorded."""
    memory = Memory()
    return ApiMetricsMiddleware(app, memory), lambda: [
        {"path": exchange.request.path, **summary(exchange)} for exchange in memory.exchanges
    ]
