"""An erased caller is nowhere in the file, whoever writes meanwhile and whatever interrupts it."""

from __future__ import annotations

import contextlib
import random
import sqlite3

import pytest

from wsgi_apimetrics.store import Filter, Store, Writer, erasing, marks, pace, retention, sealing
from wsgi_apimetrics.store.erasing import erase

from .samples import NOON, exchange, lines


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Blocks of 32, and steps as small as they get."""
    for name, value in {"BITS": 5, "SIZE": 32, "LISTED": 1}.items():
        monkeypatch.setattr(marks, name, value)
    monkeypatch.setattr(sealing, "GOING", 0)
    monkeypatch.setattr(pace, "HELD_SECONDS", 1e-9)
    monkeypatch.setattr(retention, "PAGES", 5)


@pytest.fixture(autouse=True)
def sqlite_that_leaves_traces(monkeypatch):
    """SQLite may be built to overwrite what is deleted, or not to."""
    real = sqlite3.connect

    def connect(*args, **options):
        made = real(*args, **options)
        made.execute("PRAGMA secure_delete = OFF")
        return made

    monkeypatch.setattr(sqlite3, "connect", connect)


@pytest.fixture
def peopled(path, writer):
    """Fill the store with exchanges of ann and bob, in many parts of the full-text index."""
    for start in range(0, 300, 20):
        writer.append(
            lines(
                *(
                    exchange(
                        f"/{number}",
                        caller=("ann", "bob")[number % 2],
                        at=NOON + 90 * number,
                        got=b" ".join(b"%s%d" % (name, number * n) for n in range(20)),
                    )
                    for number in range(start, start + 20)
                    for name in [(b"annual", b"bobbin")[number % 2]]
                )
            )
        )
        assert writer.index(60)
    return writer


def everything(path):
    """What is in the file and in those beside it."""
    return b"".join(one.read_bytes() for one in path.parent.iterdir())


def check(path):
    words = sqlite3.connect(path)
    words.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    assert words.execute("SELECT * FROM state WHERE name = 'erasing'").fetchall() == []
    assert words.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    words.close()


def watched(monkeypatch, between):
    """Call ``between`` before each transaction of an erasure; return the rows that each changed."""
    changed = []
    real = erasing.transaction
    own = [True]

    @contextlib.contextmanager
    def transaction(connection):
        if not own[0]:
            with real(connection):
                yield
            return
        own[0] = False
        between()
        own[0] = True
        before = connection.total_changes
        with real(connection):
            yield
        changed.append(connection.total_changes - before)

    for module in (erasing, sealing, retention):
        monkeypatch.setattr(module, "transaction", transaction)
    return changed


def test_writers_are_let_in_between_steps(path, peopled, monkeypatch):
    """No transaction changes more than a small part, and each finds the lock free before it.

    What others write meanwhile is kept and found.
    """
    peopled.close()
    other = Writer(path)
    written = iter(range(10**6))

    def write():
        other.append(lines(exchange(f"/meanwhile/{next(written)}", caller="eve", at=NOON)))
        assert other.index(60)

    changed = watched(monkeypatch, write)
    assert erase(path, ["ann"]) == 150
    count = next(written)
    assert count == len(changed) > 100
    # Of a block one exchange opens all marks; the other steps are as small.
    assert max(changed) < 500
    with Store(path) as store:
        assert store.count(Filter(search="meanwhile")) == count
        assert store.count(Filter(caller=("eve",))) == count
        assert store.count(Filter(search="bobbin*")) == 150
        assert store.count(Filter(search="annual*")) == 0
    other.close()
    check(path)
    assert b"ann" not in everything(path)


@pytest.mark.parametrize("step", [1, 5, 60, 200, 250])
def test_who_was_interrupted_goes_on_by_erasing_again(path, peopled, monkeypatch, step):
    """At whichever step; also if none of the caller's exchanges is left to be counted."""
    peopled.close()
    steps = iter(range(step))

    def interrupt():
        if next(steps, None) is None:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        watched(patch, interrupt)
        with pytest.raises(KeyboardInterrupt):
            erase(path, ["ann"])
    erase(path, ["ann"])
    check(path)
    assert b"ann" not in everything(path)
    with Store(path) as store:
        assert store.count(Filter(search="bobbin*")) == 150


def test_what_the_caller_sends_meanwhile_goes_too(path, peopled, monkeypatch):
    """Its exchanges, and the calls that were made during what is erased."""
    with Store(path) as store:
        one = store.page(Filter(caller=("ann",)), size=1).summaries[0]
    late = [
        exchange("/late", caller="ann", at=NOON),
        exchange("/call", kind="client", parent_id=one.id, at=NOON),
        exchange("/of/another", kind="client", parent_id="f" * 32, at=NOON),
    ]
    steps = iter(range(10**6))

    def write():
        if next(steps) == 40:
            peopled.append(lines(*late))
            assert peopled.index(60)

    watched(monkeypatch, write)
    assert erase(path, ["ann"]) == 152
    with Store(path) as store:
        assert store.count() == 151
        assert store.caller("ann", NOON - 60, NOON + 86400) is None
    peopled.close()
    check(path)
    assert b"ann" not in everything(path)


def test_erasing_nobody_leaves_the_index_as_it_is(path, peopled, monkeypatch):
    """It is dear, and nothing is to be taken out of it."""
    peopled.close()
    changed = watched(monkeypatch, lambda: None)
    assert erase(path, ["nobody"]) == 0
    assert len(changed) < 10


def test_an_empty_store_has_nobody_to_erase(path, writer):
    """And says so by the number."""
    writer.append([])
    assert erase(path, ["ann"]) == 0


def test_nothing_is_left_between_the_rows(path, writer):
    """SQLite copies rows to another page when one is full, and leaves what was there."""
    chance = random.Random(1)
    callers = [f"caller{chance.randrange(10**9):09d}x" for _ in range(1000)]
    for start in range(0, 2000, 100):
        writer.append(
            lines(*(exchange(caller=chance.choice(callers), at=NOON + start) for _ in range(100)))
        )
        assert writer.index(60)
    writer.close()
    some = callers[:20]
    assert erase(path, some) > 20
    content = everything(path)
    assert [one for one in some if one.encode() in content] == []
