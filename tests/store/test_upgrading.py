"""A store of an older version is brought up to date, by whoever writes or is asked to."""

from __future__ import annotations

import sqlite3

import pytest

from wsgi_apimetrics.store import Filter, Store, StoreError, marks
from wsgi_apimetrics.store.slots import duration_of
from wsgi_apimetrics.store.upgrading import bring_up_to_date, is_older

from .samples import NOON, exchange, lines, version_1


def test_a_store_of_the_first_version_is_brought_up_to_date(path, writer):
    """Lists, an exchange, the counts and the percentiles are there, and writing goes on."""
    old = [exchange(f"/users/{number}", caller="ann") for number in range(40)]
    version_1(path, *old)
    assert is_older(path)
    with pytest.raises(StoreError, match="version 1"):
        Store(path)
    writer.append(lines(exchange("/users/40", caller="ann"), old[3]))
    assert writer.index(5)
    with Store(path) as store:
        assert store.count(Filter(caller=("ann",))) == 41
        assert store.get(old[7].id).exchange == old[7]
        assert store.count(Filter(search="path:users")) == 41
        seen = store.overview(NOON, NOON + 60)
        assert seen.now.totals.count == 41
        assert seen.now.p50 == duration_of(100)
        assert seen.now.p99 == duration_of(150)
        assert seen.endpoints[0].p95 == duration_of(100)


def test_a_reader_says_how_to_bring_it_up_to_date(path):
    """By a command with the path as a shell takes it; nothing is changed."""
    path = path.with_name("my store.sqlite")
    version_1(path, exchange())
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        Store(path)
    assert str(refused.value).endswith(f"by: wsgi-apimetrics stats --store '{path}'")
    assert path.read_bytes() == before
    assert is_older(path)


def test_it_is_brought_up_to_date_without_a_writer(path, monkeypatch):
    """Its blocks are sealed at once, as there may be no writer whose upkeep does it."""
    for name, value in {"BITS": 5, "SIZE": 32, "LISTED": 1}.items():
        monkeypatch.setattr(marks, name, value)
    version_1(path, *(exchange(f"/{n}", caller="ann", at=NOON + n) for n in range(1200)))
    bring_up_to_date(path)
    assert not is_older(path)
    with Store(path) as store:
        assert len(marks.blocks(store._connection)) > 10
        assert store.count(Filter(caller=("ann",))) == 1200
        assert store.get(store.page(size=1).summaries[0].id) is not None


@pytest.mark.parametrize("content", [None, b"", b"Dear diary,", b"SQLite format 3\0" + b"x" * 100])
def test_what_is_no_store_of_ours_is_not_older(path, content):
    """Whoever opens it says what it is."""
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    assert not is_older(path)


def test_neither_is_a_store_of_others_nor_a_current_one(path, writer):
    """A version is one of ours only in a file of ours."""
    writer.append(lines(exchange()))
    assert not is_older(path)
    other = path.with_name("other")
    with sqlite3.connect(other) as theirs:
        theirs.execute("PRAGMA user_version = 1")
        theirs.execute("CREATE TABLE theirs (x)")
    theirs.close()
    assert not is_older(other)
