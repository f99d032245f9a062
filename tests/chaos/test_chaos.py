"""A short round of ``make chaos``: nothing is lost that is not accounted for."""

from __future__ import annotations

import pytest

from chaos.run import SCENARIOS, faults, play

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
