"""The matrix: every app of the zoo, bare and wrapped, in every mode, is the same to the server."""

from __future__ import annotations

import pytest

from zoo.apps import ZOO
from zoo.broken import BROKEN, identity
from zoo.probe import Mode, observe

EVERY = [
    pytest.param(species, mode, id=f"{name}-{mode.name.lower()}")
    for name, species in ZOO.items()
    for mode in Mode
]


@pytest.mark.parametrize(("species", "mode"), EVERY)
def test_observing_twice_gives_the_same(species, mode):
    """The probe is deterministic: what differs below is the layer's doing."""
    assert observe(species, identity, mode) == observe(species, identity, mode)


@pytest.mark.parametrize("layer", BROKEN, ids=lambda layer: layer.__name__)
def test_the_probe_sees_each_known_mistake(layer):
    """For each broken layer there is an app and a mode in which it shows."""
    seen = [
        (species.name, mode.name)
        for species in ZOO.values()
        for mode in (Mode.FULL, Mode.FIRST)
        if observe(species, identity, mode) != observe(species, layer, mode)
    ]
    assert seen


def test_the_zoo_is_of_a_size():
    """At least as many species as were asked for, most of them fit for real servers."""
    assert len(ZOO) >= 24
    assert sum(species.wire for species in ZOO.values()) >= 24
