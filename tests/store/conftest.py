from __future__ import annotations

import pytest

from wsgi_apimetrics.store import Store, Writer

from .samples import lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "exchanges.sqlite"


@pytest.fixture
def writer(path):
    writer = Writer(path)
    yield writer
    writer.close()


@pytest.fixture
def filled(path, writer):
    """Fill the store with exchanges, index them, and return it opened for reading."""
    opened = []

    def fill(*exchanges):
        writer.append(lines(*exchanges))
        assert writer.index(5)
        opened.append(Store(path))
        return opened[-1]

    yield fill
    for store in opened:
        store.close()
