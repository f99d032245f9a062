"""A shop that is watched, with the inspector under a path of its own: for the real servers."""

from __future__ import annotations

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from wsgi_apimetrics import ApiMetricsMiddleware, Local
from wsgi_apimetrics.inspector import Inspector

PATH = "/admin/inspector"


def shop(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


inspector = Inspector(check=lambda environ: environ.get("HTTP_X_ADMIN") == "yes", streams=1)
application = ApiMetricsMiddleware(
    DispatcherMiddleware(shop, {PATH: inspector}), Local(buffer_length=1)
)
