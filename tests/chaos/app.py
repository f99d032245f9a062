"""The app under load: answers with its process and the request's number.

``CHAOS_*`` in the environment: SINK, the backend's URL; SPOOL, a directory or nothing; STATS,
where each process writes its counts when it ends; TIMEOUT, seconds that one call may take.
"""

from __future__ import annotations

import atexit
import json
import os
from pathlib import Path

from wsgi_apimetrics import ApiMetricsMiddleware, ReadMe


def app(environ, start_response):
    """Say which process answered."""
    body = f"{os.getpid()} {environ['PATH_INFO']}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


application = ApiMetricsMiddleware(
    app,
    ReadMe(
        api_key="chaos-key",
        server=os.environ["CHAOS_SINK"],
        buffer_length=10,
        flush_interval_seconds=0.5,
        timeout=float(os.environ.get("CHAOS_TIMEOUT", "1")),
        spool_dir=os.environ.get("CHAOS_SPOOL") or None,
        grouping_function=lambda request: {"api_key": "caller"},
    ),
)


@atexit.register
def tell():
    """Write the counts: registered before the first exchange, so it runs after the delivery's."""
    for stats in application.stats().values():
        told = {**stats._asdict(), "law": _law(stats)}
        target = Path(os.environ["CHAOS_STATS"], f"{os.getpid()}.json")
        target.with_suffix(".new").write_text(json.dumps(told))
        target.with_suffix(".new").rename(target)


def _law(stats):
    there = stats.delivered + stats.dead_lettered + stats.queue_depth + stats.spooled
    return stats.captured + stats.adopted == there + sum(stats.dropped.values())
