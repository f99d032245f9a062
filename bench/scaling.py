"""Whether cost grows in proportion: rules, body sizes, chunks, headers, threads.

Each is measured over its whole range and plotted; the bar is on the step from the last point
but one to the last, where a bend would show: what a unit costs there, to what it cost before.
"""

from __future__ import annotations

import json
import statistics
import threading
import time

from wsgi_apimetrics import ApiMetricsMiddleware

from . import exchanges
from .request_thread import quiet
from .results import Bar, Plot

RULES = (10, 100, 1000, 10_000)
BODY_BYTES = (1000, 10_000, 100_000, 1_000_000, 10_000_000)
CHUNKS = (1, 10, 100, 1000, 10_000, 100_000)
HEADERS = (1, 5, 50, 500)
THREADS = (1, 4, 16, 64)
BEND = 1.3


def processor_us(action, times):
    """Return the median microseconds of processor time that the process takes for ``action``."""
    action()
    found = []
    for _ in range(times):
        begun = time.process_time_ns()
        action()
        found.append((time.process_time_ns() - begun) / 1000)
    return statistics.median(found)


def delivering(app, make_environ, count=1, **options):
    """Return an action: so many requests, and everything behind them."""
    middleware = ApiMetricsMiddleware(app, quiet(max_queue_bytes=1 << 30), **options)

    def action():
        exchanges.serve(middleware, [make_environ() for _ in range(count)])
        assert middleware.flush(60)

    return action


def by_rules(count):
    rules = [f"name_{index}" for index in range(count)]
    app = exchanges.json_app(exchanges.RESPONSE)

    def action():
        delivering(app, exchanges.environ, denylist=rules)()

    return action


def by_body(size):
    users = [{"id": 1, "email": "a@example.com", "text": "x" * 40}] * max(1, size // 80)
    body = json.dumps({"users": users, "api_key": "k"}).encode()
    return delivering(
        exchanges.json_app(body),
        exchanges.environ,
        redact_response_body=["$.api_key"],
        max_body_bytes=1 << 30,
    )


def by_chunks(count):
    return delivering(exchanges.streaming_app(count, 20), exchanges.environ)


def by_headers(count):
    more = {f"HTTP_X_HEADER_{index}": "a value of a header" for index in range(count)}
    app = exchanges.json_app(b"{}")
    return delivering(app, lambda: exchanges.environ(**more), 20, max_headers=1000)


def by_threads(count):
    """The same 640 requests, by so many threads."""
    middleware = ApiMetricsMiddleware(exchanges.json_app(exchanges.RESPONSE), quiet())

    def action():
        threads = [
            threading.Thread(
                target=lambda: exchanges.serve(
                    middleware, [exchanges.environ() for _ in range(640 // count)]
                )
            )
            for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert middleware.flush(60)

    return action


PARTS = (
    ("rules", "rules compiled and applied to one exchange", RULES, by_rules, True),
    ("body", "bytes of a JSON response under a rule", BODY_BYTES, by_body, True),
    ("chunks", "chunks of one response", CHUNKS, by_chunks, True),
    ("headers", "headers of each of 20 requests", HEADERS, by_headers, True),
    ("threads", "threads that share 640 requests", THREADS, by_threads, False),
)


def measure(quick=False):
    """Yield the bars and plots of this part."""
    for name, label, sizes, make, grows in PARTS:
        points = [(size, processor_us(make(size), 3 if size >= 1e6 else 5)) for size in sizes]
        yield Plot(f"scaling-{name}", label, "processor time, us", points)
        (before, cheap), (last, dear) = points[-2:]
        fair = cheap * (last / before if grows else 1)
        yield Bar(f"{before:,} to {last:,} {label}", dear, fair, BEND)
