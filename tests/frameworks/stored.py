"""An app whose exchanges go to a local store, by the background worker: ``STORE`` and ``FLUSH``."""

from __future__ import annotations

import os
from typing import Any

from wsgi_apimetrics import ApiMetricsMiddleware, Local


def hello(environ: dict[str, Any], start_response: Any) -> Any:
    content = b"null"
    start_response("200 OK", [("Content-Length", str(len(content)))])
    return [content]


application = ApiMetricsMiddleware(
    hello, Local(path=os.environ["STORE"], flush_interval_seconds=float(os.environ["FLUSH"]))
)


def app_factory(global_conf: dict[str, str], **local_conf: str) -> Any:
    """The same for PasteDeploy."""
    return application
