"""The worker gives way to requests, and nothing is lost for it."""

from __future__ import annotations

import time

import pytest

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.delivery.courtesy import Courtesy, ease_at
from wsgi_apimetrics.testing import Memory

WORK = 0.001
"""Seconds of processor time that preparing an exchange takes here."""


def work(exchange):
    """Take that long."""
    end = time.thread_time() + WORK
    while time.thread_time() < end:
        pass
    return exchange


def app(environ, start_response):
    """Answer at once."""
    start_response("200 OK", [])
    return [b"ok"]


def request():
    """An environ with what an app needs."""
    return {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": None}


def test_while_requests_come_in_the_worker_rests():
    """It works a tenth of the time at most: that is what the requests' threads have to share."""
    serving = True
    backend = Memory(
        background_worker_mode=True, before_send=lambda it: work(it) if serving else it
    )
    middleware = ApiMetricsMiddleware(app, backend, max_queue_size=100_000)
    begun = time.monotonic()
    while time.monotonic() < begun + 0.5:
        middleware(request(), lambda *_: None)
    took = time.monotonic() - begun
    delivered = len(backend.exchanges)
    serving = False
    # It rests nine times as long as it works; when it began, there was nothing to give way to.
    assert delivered * 10 * WORK <= took + 10 * (20 * WORK)
    assert middleware.flush(60)
    captured = next(iter(middleware.stats().values())).captured
    assert len(backend.exchanges) == captured > delivered


def test_a_moment_of_work_is_followed_by_a_rest():
    """Nine times as long, by the clock."""
    courtesy = Courtesy(lambda: 1.0, lambda: 1)
    work(None)
    begun = time.monotonic()
    courtesy.give_way()
    assert time.monotonic() - begun >= 9 * WORK


def test_while_no_request_comes_in_nobody_is_given_way_to(monkeypatch):
    """It still lets go of the interpreter lock."""
    rests = []
    monkeypatch.setattr(time, "sleep", rests.append)
    courtesy = Courtesy(lambda: 1.0, iter([1, 1, 2]).__next__)
    for _ in range(3):
        work(None)
        courtesy.give_way()
    first, second, third = rests
    assert second == 0.0
    assert min(first, third) >= 9 * WORK


def test_less_than_a_moment_is_not():
    """Whoever has hardly begun is not asked for how long to rest."""
    asked = []
    courtesy = Courtesy(lambda: asked.append("asked") or 0.0, lambda: 1)
    work(None)
    courtesy.give_way()
    courtesy.give_way()
    assert asked == ["asked"]


@pytest.mark.parametrize(
    ("fill", "ease"), [(0, 1), (0.5, 1), (0.6, 0.6), (0.7, 0.2), (0.75, 0), (1, 0), (1.2, 0)]
)
def test_a_queue_that_fills_ends_the_rest(fill, ease):
    """From half a queue on it grows shorter; from three quarters on there is none."""
    assert ease_at(fill) == pytest.approx(ease)
