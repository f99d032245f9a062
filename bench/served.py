"""What gunicorn serves: the subject that BENCH_SUBJECT names, and its statistics at /stats."""

from __future__ import annotations

import json
import logging
import os

from . import exchanges
from .subjects import SUBJECTS

logging.disable()
_ports = json.loads(os.environ["BENCH_PORTS"])
_app, _ = SUBJECTS[os.environ["BENCH_SUBJECT"]](_ports, exchanges.RESPONSE)


def app(environ, start_response):
    """Hand every request on, but the one for the statistics."""
    if environ["PATH_INFO"] != "/stats":
        return _app(environ, start_response)
    stats = getattr(_app, "stats", dict)()
    answer = {name: [one.captured, one.delivered] for name, one in stats.items()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
