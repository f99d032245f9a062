"""A call under way, apart from whoever makes it."""

from __future__ import annotations

import tracemalloc

import pytest

from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.outgoing.call import OutgoingCall


def finished(headers):
    """A call that is over, with so many headers each way."""
    call = OutgoingCall(
        method="GET",
        url="https://api.example.com/things",
        headers=[(f"x-{number}", f"value {number}") for number in range(headers)],
        policy=CapturePolicy(),
        trace=None,
        parent_id=None,
        url_wildcard=None,
        redact=lambda exchange: exchange,
        finished=lambda _: None,
    )
    call.answered(
        200, "OK", [(f"y-{number}", f"value {number}") for number in range(headers)], "1.1"
    )
    call.finish()
    return call


@pytest.mark.parametrize("headers", [0, 10, 40])
def test_a_call_weighs_about_the_memory_it_takes(headers):
    """A queue is bounded by it."""
    finished(headers)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = [finished(headers) for _ in range(300)]
        taken = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    finally:
        tracemalloc.stop()
    assert taken / 1.1 < kept[0].cost < taken * 1.8
