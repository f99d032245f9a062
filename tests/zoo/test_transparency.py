"""The matrix: every app of the zoo, bare and wrapped, in every mode, is the same to the server."""

from __future__ import annotations

from wsgiref.validate import validator

import pytest

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory
from zoo.apps import ZOO
from zoo.broken import BROKEN, identity
from zoo.probe import Mode, observe

EVERY = [
    pytest.param(species, mode, id=f"{name}-{mode.name.lower()}")
    for name, species in ZOO.items()
    for mode in Mode
]
COMPLIANT = [
    pytest.param(species, mode, id=f"{name}-{mode.name.lower()}")
    for name, species in ZOO.items()
    for mode in (Mode.FULL, Mode.FIRST, Mode.MIDWAY)
    if species.compliant
]


def wrapped(app):
    """The layer under test, with all that it does by default."""
    return ApiMetricsMiddleware(app, Memory())


def without_bodies(app):
    """The layer with both bodies left out."""
    return ApiMetricsMiddleware(
        app, Memory(), capture_request_body=False, capture_response_body=False
    )


def switched_off(app):
    """The layer with the kill switch thrown."""
    return ApiMetricsMiddleware(app, Memory(), enabled=False)


def excluding(app):
    """The layer told to leave the zoo alone."""
    return ApiMetricsMiddleware(app, Memory(), exclude_paths=["/zoo*"])


def twice(app):
    """The layer around itself: the inner one stands back."""
    return wrapped(wrapped(app))


@pytest.mark.parametrize(("species", "mode"), EVERY)
def test_the_server_sees_the_same(species, mode):
    """Status, headers, chunks, their types, lengths, exceptions, reads and closing: the same
    calls with the same values in the same order.
    """
    assert observe(species, wrapped, mode) == observe(species, identity, mode)


@pytest.mark.parametrize("layer", [without_bodies, switched_off, excluding, twice])
@pytest.mark.parametrize("name", ZOO)
def test_the_server_sees_the_same_whatever_the_options(name, layer):
    """So it is with bodies left out, switched off, with paths excluded, and wrapped twice."""
    for mode in (Mode.FULL, Mode.MIDWAY):
        assert observe(ZOO[name], layer, mode) == observe(ZOO[name], identity, mode)


@pytest.mark.parametrize(("species", "mode"), COMPLIANT)
def test_the_validator_finds_nothing_on_either_side(species, mode, capsys):
    """``wsgiref.validate`` inside and outside of the layer passes what it passes bare."""

    def outside(app):
        return validator(wrapped(app))

    def inside(app):
        return wrapped(validator(app))

    def both(app):
        return validator(wrapped(validator(app)))

    bare = observe(species, validator, mode)
    assert not any(event[0] == "raised" and event[2] is AssertionError for event in bare)
    for layer in (outside, inside, both):
        assert observe(species, layer, mode) == bare
    assert "without being closed" not in capsys.readouterr().err


@pytest.mark.parametrize("mode", Mode)
def test_observing_twice_gives_the_same(mode):
    """The probe is deterministic: what differs above is the layer's doing."""
    for species in ZOO.values():
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
