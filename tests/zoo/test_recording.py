"""What is recorded of each app of the zoo: one exchange, whole, finished once."""

from __future__ import annotations

import pytest

from wsgi_apimetrics.testing import capture_exchanges
from zoo.apps import ZOO, Journal
from zoo.probe import Mode, drive
from zoo.recorded import expected_in, summary

EVERY = [
    pytest.param(species, mode, id=f"{name}-{mode.name.lower()}")
    for name, species in ZOO.items()
    for mode in Mode
]


@pytest.mark.parametrize(("species", "mode"), EVERY)
def test_one_exchange_is_recorded_as_it_went(species, mode):
    """Exactly one exchange per request, whatever becomes of the iterable, with status, bodies,
    sizes, errors and what was left out as they went.
    """
    journal = Journal()
    with capture_exchanges(species.build(journal)) as captured:
        drive(captured.app, species.call, journal, mode)
    assert len(captured) == species.recorded.count
    facts = expected_in(species, mode)
    if captured and facts is not None:
        found = summary(captured[0])
        assert {name: found[name] for name in facts} == facts


@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_snapshot_is_of_the_request_that_came(name):
    """What the app does to its environ shows in nothing that is recorded."""
    species = ZOO[name]
    journal = Journal()
    with capture_exchanges(species.build(journal)) as captured:
        drive(captured.app, species.call, journal, Mode.FULL)
    for exchange in captured:
        assert exchange.request.method == species.call.method
        assert exchange.request.query.startswith(species.call.query[:2])
        assert exchange.request.path == "/" or exchange.request.path.startswith("/zoo")
        kept = ("X-Kept", "kept") in exchange.request.headers
        assert kept == ("HTTP_X_KEPT" not in species.call.extra)
        assert exchange.timings.total >= 0
