"""The worker gives way to requests, and nothing is lost for it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.delivery.courtesy import Courtesy, ease_at
from wsgi_apimetrics.delivery.ledger import Ledger
from wsgi_apimetrics.delivery.policy import DeliveryPolicy
from wsgi_apimetrics.testing import Memory

from .rig import Item

WORK = 0.001
"""Seconds of processor time that preparing an exchange takes here."""


def work(exchange, seconds=WORK):
    """Take that long."""
    end = time.thread_time() + seconds
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


def courtesy(*, requests=True, hurries=False):
    """A worker's, at its first rest."""
    ledger = Ledger()
    ledger.submitted = int(requests)
    return Courtesy(ledger, DeliveryPolicy(), lambda: hurries)


def test_a_moment_of_work_is_followed_by_a_rest():
    """Nine times as long, by the clock."""
    it = courtesy()
    work(None)
    begun = time.monotonic()
    it.give_way()
    assert time.monotonic() - begun >= 9 * WORK


def times_let_go(it):
    """How often it lets go of the lock in ten milliseconds of work, in steps of a tenth."""
    it.give_way()
    rests, sleep = [], time.sleep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda seconds: rests.append(seconds) or sleep(seconds))
        for _ in range(100):
            work(None, 0.0001)
            it.give_way()
    return len(rests)


def test_it_lets_go_every_four_tenths_of_a_millisecond():
    """Even where there is nothing to rest for: a request may come."""
    assert 15 <= times_let_go(courtesy(requests=False)) <= 25


def test_a_worker_that_is_waited_for_goes_on_for_longer():
    """Two milliseconds at a time."""
    assert 1 <= times_let_go(courtesy(hurries=True)) <= 5


@pytest.mark.parametrize(
    ("fill", "ease"), [(0, 1), (0.5, 1), (0.6, 0.6), (0.7, 0.2), (0.75, 0), (1, 0), (1.2, 0)]
)
def test_a_queue_that_fills_ends_the_rest(fill, ease):
    """From half a queue on it grows shorter; from three quarters on there is none."""
    assert ease_at(fill) == pytest.approx(ease)


@given(costs=st.lists(st.integers(0, 60_000), max_size=40), hurries=st.booleans())
def test_groups_are_all_of_a_batch_in_its_order(costs, hurries):
    """Each holds at least one, and no more once it has its fill; whom one waits for, more."""
    batch = [Item(str(number), cost=cost) for number, cost in enumerate(costs)]
    groups = list(courtesy(requests=False, hurries=hurries).groups(batch))
    assert [item for group in groups for item in group] == batch
    most, fill = (16, 128 * 1024) if hurries else (4, 32 * 1024)
    assert all(len(group) <= most for group in groups)
    assert all(sum(item.cost for item in group[:-1]) < fill for group in groups)
    assert all(
        len(group) == most or sum(item.cost for item in group) >= fill for group in groups[:-1]
    )
    assert all(groups)
