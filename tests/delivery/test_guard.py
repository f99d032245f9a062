"""What others wrote may raise anything; it costs the one thing that it was done for."""

from __future__ import annotations

import pytest

from wsgi_apimetrics.delivery.guard import attempt, in_stages


def halved(number):
    """Fail for what is odd, and end the thread for zero."""
    if not number:
        raise SystemExit(3)
    if number % 2:
        raise ValueError(number)
    return number // 2


def test_what_fails_comes_out_in_its_place_and_goes_no_further():
    """The others go through all stages, in their order."""
    seen = []
    made = in_stages([4, 3, 0, 8], halved, lambda it: seen.append(it) or it, str)
    assert [made[0], made[3]] == ["2", "4"]
    assert seen == [2, 4]
    assert isinstance(made[1], ValueError)
    assert isinstance(made[2], RuntimeError)
    assert "SystemExit: 3" in str(made[2])


def test_all_go_through_a_stage_before_any_goes_through_the_next():
    """So that what a stage does stays in the processor's caches."""
    steps = []
    in_stages(
        "ab", lambda it: steps.append(f"first {it}") or it, lambda it: steps.append(f"second {it}")
    )
    assert steps == ["first a", "first b", "second a", "second b"]


def test_a_thread_that_is_to_end_ends():
    """What is no failure goes through: a greenlet's end, Ctrl-C."""

    def ended(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(ended)
    with pytest.raises(KeyboardInterrupt):
        in_stages([1], ended)
