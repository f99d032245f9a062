"""What each server runs: every framework, bare and recorded, chosen by two request headers.

``X-Framework`` and ``X-Layer`` choose; ``/v1/...`` is the same app mounted there. Requests
carry a number as their query, and ``/-/exchange/NUMBER`` tells what was recorded of it.
"""

from __future__ import annotations

import json
from typing import Any

from wsgi_apimetrics.testing import Memory

from .apps import FRAMEWORKS, Framework

MOUNT = "/v1"


def _recorded(framework: Framework) -> Any:
    memory = Memory(grouping_function=lambda request: {"id": framework.caller(request)})
    return framework.recorded(memory), memory


BARE = {name: framework.bare() for name, framework in FRAMEWORKS.items()}
RECORDED = {name: _recorded(framework) for name, framework in FRAMEWORKS.items()}


def summary(number: str) -> Any:
    """Return what was recorded of the request with this number."""
    for _, memory in RECORDED.values():
        for exchange in memory.exchanges:
            if exchange.request.query == number:
                return {
                    "path": exchange.request.path,
                    "route": exchange.route,
                    "params": dict(exchange.path_params),
                    "framework": exchange.framework,
                    "group": exchange.group and exchange.group.id,
                    "errors": [error.type.rpartition(".")[2] for error in exchange.errors],
                    "status": exchange.response.status_code,
                    "sent": (exchange.response.body.content or b"").decode(),
                    "received": exchange.request.body.size,
                    "kept": len(exchange.request.body.content or b""),
                    "aborted": exchange.aborted,
                }
    return None


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """The WSGI callable that the servers run."""
    path = environ["PATH_INFO"]
    if path.startswith("/-/"):
        content = json.dumps(summary(path.rpartition("/")[2])).encode()
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return [content]
    name = environ["HTTP_X_FRAMEWORK"]
    if path.startswith(f"{MOUNT}/"):
        environ["SCRIPT_NAME"] += MOUNT
        environ["PATH_INFO"] = path[len(MOUNT) :]
    app = BARE[name] if environ["HTTP_X_LAYER"] == "bare" else RECORDED[name][0]
    return app(environ, start_response)


def app_factory(global_conf: dict[str, str], **local_conf: str) -> Any:
    """The same for PasteDeploy."""
    return application
