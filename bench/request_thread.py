"""What the request's own thread pays, against two floors in the same run.

Each subject answers the same requests in the same process, in turns; what is counted is the
thread's own processor time, so that neither a busy machine nor our worker is charged to it.
Queues are emptied between the turns, outside of what is timed.
"""

from __future__ import annotations

import gc
import statistics
import time

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory

from . import exchanges, floors
from .results import Bar

TURNS = 15
REQUESTS = 1000


def added_costs(app, subjects, make_environ, *, turns, requests):
    """Return the microseconds per request that each subject adds to the bare app."""
    times = {name: [] for name in ("bare", *subjects)}
    for _ in range(turns + 1):  # the first turn warms up
        for name, wrapped in (("bare", app), *subjects.items()):
            environs = [make_environ() for _ in range(requests)]
            gc.collect()
            started = time.thread_time_ns()
            exchanges.serve(wrapped, environs)
            times[name].append((time.thread_time_ns() - started) / 1000 / requests)
            del environs
            if hasattr(wrapped, "flush"):
                wrapped.flush(60)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {name: medians[name] - medians["bare"] for name in subjects}


def quiet(**options):
    """Return a backend whose worker rests while the requests are timed."""
    return Memory(
        background_worker_mode=True,
        buffer_length=10 * REQUESTS,
        flush_interval_seconds=600,
        **options,
    )


def measure(quick=False):
    """Yield the bars of this part."""
    turns, requests = (5, REQUESTS) if quick else (TURNS, REQUESTS)
    app = exchanges.json_app(exchanges.RESPONSE)
    costs = added_costs(
        app,
        {
            "noop": floors.noop(app),
            "tee": floors.tee(app),
            "ours": ApiMetricsMiddleware(app, quiet(), **exchanges.TEN_RULES),
            "excluded": ApiMetricsMiddleware(app, quiet(), exclude_paths=["/users/*"]),
        },
        exchanges.environ,
        turns=turns,
        requests=requests,
    )
    yield Bar("request, small exchange, to the tee floor", costs["ours"], costs["tee"], 1.6, "us")
    yield Bar("excluded request, to the noop floor", costs["excluded"], costs["noop"], 2, "us")

    chunks = 200
    stream = exchanges.streaming_app(chunks)
    costs = added_costs(
        stream,
        {"tee": floors.tee(stream), "ours": ApiMetricsMiddleware(stream, quiet())},
        exchanges.environ,
        turns=turns,
        requests=max(50, requests // chunks),
    )
    yield Bar(
        "streamed chunk, to the tee floor", costs["ours"] / chunks, costs["tee"] / chunks, 2, "us"
    )
