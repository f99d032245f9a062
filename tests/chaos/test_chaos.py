"""A short round of ``make chaos``: nothing is lost that is not accounted for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from chaos.rig import Ledger, judge
from chaos.run import SCENARIOS, faults, play
from chaos.sink import Arrival, Sink

ROUND = {
    "reset in mid-answer": (True, False),
    "spells of 500 and 503": (False,),
    "one in 97 refused": (True,),
    "workers killed (KILL)": (True, False),
    "preloaded": (False,),
    "everything": (True,),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "spool"),
    [
        pytest.param(scenario, spool, id=f"{scenario.name}-{'spool' if spool else 'memory'}")
        for scenario in SCENARIOS
        for spool in ROUND.get(scenario.name, ())
    ],
)
def test_nothing_is_lost_unaccounted(scenario, spool):
    """Captured is delivered, refused or counted; a kill costs the queue or a tenth of a second."""
    verdict = play(scenario, spool=spool, exchanges=400, rate=200.0, seed=4)
    assert not faults(spool, verdict), verdict
    assert verdict.captured > 300
    assert verdict.delivered > 0.8 * verdict.captured
    if spool and scenario.signals == ():
        assert verdict.lost_to_kill == 0


def verdict_on(*arrivals, accepted=True, killed=(), asked=1, told=()):
    """Judge one exchange that came so often, in a world without a server."""
    sink = Sink()
    sink.close()
    sink.arrivals[5].extend(arrivals)
    sink.accepted.update([5] if accepted else [])
    ledger = Ledger(asked=asked, answered={5: (1, 10.0)}, killed=dict.fromkeys(killed, 10.0))
    server = SimpleNamespace(spool=None, told=lambda: list(told))
    return judge(sink, server, ledger, 0.0)


@pytest.mark.parametrize(
    ("first", "killed", "excused"),
    [
        (Arrival(answered=False), (), True),
        (Arrival(answered=True), (), False),
        (Arrival(answered=True, ended=10.1), (1,), True),
        (Arrival(answered=True, ended=14.0), (1,), False),
        (Arrival(answered=True, ended=None), (1,), False),
    ],
)
def test_a_duplicate_needs_an_answer_that_never_came(first, killed, excused):
    """Or a sender that was killed before it could make a note of it."""
    found = faults(True, verdict_on(first, Arrival(answered=True), killed=killed))
    assert bool(found) is not excused


def test_one_that_is_nowhere_is_lost():
    """Neither taken nor counted."""
    assert faults(False, verdict_on(accepted=False))


def test_more_counted_as_gone_than_can_be_is_a_fault():
    """Delivered and dropped is one too many, unless the answer never came."""
    dropped = {"dropped": {"shutdown": 1}, "dead_lettered": 0, "law": True}
    assert faults(False, verdict_on(Arrival(answered=True), told=[dropped]))
    assert not faults(False, verdict_on(Arrival(answered=False), told=[dropped]))
