"""One small app in front of three backends of which one hangs, and how long its answers take."""

from __future__ import annotations

from latency import in_turns

from wsgi_apimetrics import ApiMetricsMiddleware, ReadMe

from .sink import Sink

MOODS = {"healthy": "healthy", "again": "healthy", "hanging": "hang"}


def app(environ, start_response):
    """A small JSON answer."""
    body = b'{"ok": true, "items": [1, 2, 3]}'
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "32")])
    return [body]


def wrapped(mood: str) -> tuple[ApiMetricsMiddleware, Sink]:
    """Return the app in front of a backend of this mood."""
    sink = Sink()
    sink.feel(mood)
    backend = ReadMe(
        api_key="key",
        server=sink.url,
        timeout=1,
        grouping_function=lambda request: {"api_key": "caller"},
    )
    return ApiMetricsMiddleware(app, backend), sink


def spells(rate: float) -> tuple[dict[str, list[list[float]]], int]:
    """Ask each at that rate, in turns; return how long it took, and what waits in the end."""
    made = {name: wrapped(mood) for name, mood in MOODS.items()}
    try:
        took = in_turns({name: one for name, (one, _) in made.items()}, rate=rate)
        return took, made["hanging"][0].stats()["readme"].queue_depth
    finally:
        for one, sink in made.values():
            sink.feel("healthy")
            one.shutdown(0.5)
            sink.close()
