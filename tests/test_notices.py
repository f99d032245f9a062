"""Log lines: each cause at most once a minute, and never what is private."""

from __future__ import annotations

import pytest

from wsgi_apimetrics.notices import Notices


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_cause_is_told_once_a_minute_with_how_often_it_came(clock, caplog):
    """What came in between is counted in the next line; the line after that begins anew."""
    notices = Notices("shop", clock)
    for seconds in (0, 1, 58.9, 0.1, 60, 60):
        clock.now += seconds
        notices.warn("full", "the disk is full (%d%%)", 100)
    assert caplog.messages == [
        "shop: the disk is full (100%)",
        "shop: the disk is full (100%) (2 more such lines were held back)",
        "shop: the disk is full (100%)",
        "shop: the disk is full (100%)",
    ]


def test_causes_do_not_wait_for_each_other(clock, caplog):
    """Nor does one thing's for another thing's."""
    first, second = Notices("first", clock), Notices("second", clock)
    first.warn("a", "one")
    first.warn("b", "two")
    second.warn("a", "one")
    assert caplog.messages == ["first: one", "first: two", "second: one"]


def test_once_is_once(clock, caplog):
    """However much time passes."""
    notices = Notices("shop", clock)
    for _ in range(3):
        notices.once("odd", "that is odd")
        clock.now += 1e6
    assert caplog.messages == ["shop: that is odd"]


def test_a_failure_is_told_by_kind_and_place_and_not_by_its_message(clock, caplog):
    """A message may hold what was being captured."""

    def inner():
        raise KeyError("hunter2")

    notices = Notices("shop", clock)
    try:
        inner()
    except KeyError as error:
        notices.failed("begin", error)
    notices.failed("end", ValueError("hunter2"))
    here = f"{__file__}:{inner.__code__.co_firstlineno + 1}"
    assert caplog.messages == [
        f"shop: capture failed in begin: KeyError at {here}; requests go on",
        "shop: capture failed in end: ValueError; requests go on",
    ]
