from __future__ import annotations

import pytest

from delivery.rig import law, processor
from wsgi_apimetrics.delivery.spool_files import spool_path


@pytest.fixture
def made():
    """Make processors that are shut down after the test, the law checked."""
    all_made = []

    def make(sink, **policy):
        all_made.append(processor(sink, **policy))
        return all_made[-1]

    yield make
    for one in all_made:
        one.shutdown(0.2)
        law(one.stats())


@pytest.fixture
def spool_dir(tmp_path):
    return str(tmp_path / "spool")


@pytest.fixture
def spooling(made, spool_dir):
    """Make such processors with a spool, unless told otherwise the one at ``path``."""

    def make(sink, **policy):
        return made(sink, **{"spool_dir": spool_dir, **policy})

    return make


@pytest.fixture
def path(spool_dir):
    """The file of a rig's spool."""
    return spool_path(spool_dir, "rig", "rig's destination")
