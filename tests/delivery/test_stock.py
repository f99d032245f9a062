"""What is prepared and waits to be sent: in memory, and on a disk that fails at times."""

from __future__ import annotations

import os
import resource
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import until

from delivery.rig import ALL, NONE, Item, Sink, items, law, pack, prepare, submit
from wsgi_apimetrics.delivery import spool_lease, spool_stock
from wsgi_apimetrics.delivery.ledger import Ledger
from wsgi_apimetrics.delivery.policy import BatchLimits
from wsgi_apimetrics.delivery.retry import RetryTable
from wsgi_apimetrics.delivery.spool import Spool
from wsgi_apimetrics.delivery.spool_lease import Holder
from wsgi_apimetrics.delivery.stock import MemoryStock, Piece
from wsgi_apimetrics.payload import Fragment
from wsgi_apimetrics.stats import DropReason


def ids_in(path):
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT id FROM exchange ORDER BY position")]
    finally:
        connection.close()


@contextmanager
def read_only(it):
    """The disk takes nothing for the length of the block; what is there can be read."""
    stock = it._worker.pipeline._stock
    with stock._lock:
        connection = stock._spool._connection
        connection.execute("PRAGMA query_only = ON")
    yield
    with stock._lock:
        connection.execute("PRAGMA query_only = OFF")


# -- in memory ------------------------------------------------------------------------------


def test_memory_gives_what_fits_one_payload():
    """In bytes and in number, oldest first, at least one; by the clock it has nothing to do."""
    stock = MemoryStock(Ledger())
    pieces = [Piece(Fragment(str(number), b"x" * 400)) for number in range(4)]
    stock.put(pieces)
    assert stock.take(BatchLimits(10, 1000)) == pieces[:2]
    assert stock.take(BatchLimits(10, 1)) == pieces[2:3]
    assert stock.take(BatchLimits(1, 1000)) == pieces[3:]
    assert stock.due_in(time.monotonic()) is None


def test_an_account_is_closed_once():
    """What is left is counted as given up; what is given up after that is counted already."""
    ledger = Ledger()
    ledger.submitted = ledger.waiting = 2
    ledger.close()
    ledger.close()
    ledger.drop_in_hand(DropReason.ENCODING_FAILED, 100)
    assert ledger.read().dropped == {"shutdown": 2}
    law(ledger.read())


# -- a disk that fails at times -------------------------------------------------------------


def test_a_disk_that_stays_away_is_asked_again_now_and_then(spooling, spool_dir, monkeypatch):
    """What is being sent from memory stays there, and goes out when the backend takes it."""
    monkeypatch.setattr(spool_stock, "_TRY_AGAIN_SECONDS", 0.01)
    Path(spool_dir).write_text("")
    tried = []
    sink = Sink(*[503] * 1000)
    it = spooling(sink)
    submit(it, items(12))
    guarded = it._worker.pipeline._stock._file
    opened = guarded.open
    monkeypatch.setattr(guarded, "open", lambda: tried.append(1) or opened())
    until(lambda: len(tried) > 5)
    sink.answers.clear()
    assert it.flush(5)
    assert len(sink.accepted) == 12
    assert it.stats().spooled == 0


@pytest.mark.parametrize("answer", [400, "unpackable"])
def test_what_is_refused_while_the_disk_is_away_is_counted_from_memory(spooling, spool_dir, answer):
    """As without a spool."""
    Path(spool_dir).write_text("")
    it = spooling(Sink(400), pack=pack if answer == 400 else refuse)
    it.submit(Item("a"))
    assert it.flush(5)
    stats = it.stats()
    assert (stats.dead_lettered, stats.dropped.get("encoding_failed", 0)) in {(1, 0), (0, 1)}
    assert stats.dead_lettered == (answer == 400)


def refuse(fragments):
    raise ValueError("these do not go together")


def test_what_cannot_be_packed_leaves_the_disk(spooling, path):
    """It is counted, one by one; the others are delivered."""

    def pack_but_one(fragments):
        if any(fragment.id == "x000002" for fragment in fragments):
            raise ValueError
        return pack(fragments)

    sink = Sink()
    it = spooling(sink, pack=pack_but_one)
    submit(it, items(5))
    assert it.flush(5)
    assert it.stats().dropped == {"encoding_failed": 1}
    assert len(sink.accepted) == 4
    assert ids_in(path) == []


def test_a_disk_that_cannot_be_told_what_was_delivered_is_told_later(spooling, path, monkeypatch):
    """Nothing is sent twice for that."""
    monkeypatch.setattr(spool_stock, "_TRY_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(spool_stock, "RENEW_SECONDS", 0.01)
    sink = Sink(*[503] * 1000)
    it = spooling(sink, flush_interval_seconds=0.01)
    submit(it, items(5))
    until(lambda: it.stats().spooled == 5)
    with read_only(it):
        sink.answers.clear()
        until(lambda: it.stats().delivered == 5)
        submit(it, items(3, "y"))
        assert it.flush(5)
        assert len(ids_in(path)) == 5
    submit(it, items(1, "z"))
    assert it.flush(5)
    until(lambda: ids_in(path) == [])
    assert set(sink.accepted.values()) == {1}
    assert len(sink.accepted) == 9


def test_what_is_being_sent_from_memory_goes_to_disk_once_that_can_be(spooling, path, monkeypatch):
    """While the disk takes nothing: several payloads wait in memory, one is on its way."""
    monkeypatch.setattr(spool_stock, "_TRY_AGAIN_SECONDS", 0.01)
    sink = Sink()
    it = spooling(sink, limits=BatchLimits(2, 10**6), buffer_length=1)
    it.submit(Item("first"))
    assert it.flush(5)
    sink.answers.extend([503] * 10_000)
    failed = []
    fail = it._worker.pipeline.ledger.fail
    monkeypatch.setattr(
        it._worker.pipeline.ledger, "fail", lambda *said: failed.append(said) or fail(*said)
    )
    with read_only(it):
        submit(it, items(7))
        until(lambda: sum("spool" in said for said, _ in failed) > 20)
    until(lambda: it.stats().spooled == 7)
    assert sorted(ids_in(path)) == [item.id for item in items(7)]
    sink.answers.clear()
    assert it.flush(5)
    assert set(sink.accepted.values()) == {1}


def test_what_another_process_has_taken_over_is_its_to_send(spooling, path, monkeypatch):
    """A process that was stopped for so long that its lease has ended finds that out."""
    monkeypatch.setattr(spool_stock, "RENEW_SECONDS", 0.01)
    sink = Sink(*[503] * 1000)
    quick = RetryTable(first_wait_seconds=0.01, backoff_cap_seconds=0.02)
    it = spooling(sink, retries=quick, flush_interval_seconds=0.01)
    submit(it, items(5))
    until(lambda: it.stats().spooled == 5 and sink.sent)
    connection = sqlite3.connect(path, timeout=10)
    with connection:
        connection.execute(
            "UPDATE lease SET holder = 'another', place = '', expires_at = ?",
            (time.time() + 60,),
        )
    connection.close()
    until(lambda: it.stats().spooled == 0)
    sink.answers.clear()
    assert it.flush(5)
    assert not sink.accepted
    assert len(ids_in(path)) == 5


def test_a_lease_that_cannot_be_renewed_now_is_renewed_later(spooling, monkeypatch):
    """Nothing is taken for lost meanwhile."""
    monkeypatch.setattr(spool_stock, "RENEW_SECONDS", 0.01)
    sink = Sink()
    it = spooling(sink, buffer_length=10)
    it.submit(Item("a"))
    until(lambda: it.stats().spooled == 1)
    with read_only(it):
        until(lambda: "readonly" in (it.stats().last_error or ""))
        assert it.stats().spooled == 1
    assert it.flush(5)
    assert sink.accepted == {"a": 1}


def test_a_second_commit_does_not_send_early(spooling):
    """Partly filled batches wait for the interval on disk too."""
    sink = Sink()
    it = spooling(sink, buffer_length=10)
    it.submit(Item("a"))
    until(lambda: it.stats().spooled == 1)
    it.submit(Item("b"))
    until(lambda: it.stats().spooled == 2)
    assert sink.sent == []
    assert it.flush(5)
    assert [payload.ids for payload in sink.sent] == [("a", "b")]


def test_looking_after_the_spool_sends_nothing_early(spooling, monkeypatch):
    """Its lease is renewed every few seconds; what is gathered waits for the interval."""
    renewed, renew, sink = [], Spool.renew, Sink()
    monkeypatch.setattr(spool_stock, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(Spool, "renew", lambda self: renewed.append(self) or renew(self))
    it = spooling(sink, buffer_length=10)
    it.submit(Item("a"))
    until(lambda: it.stats().spooled == 1)
    before = len(renewed)
    until(lambda: len(renewed) > before + 2)
    assert sink.sent == []
    assert it.flush(5)


def test_what_is_being_prepared_at_the_end_still_gets_to_disk(spooling, path):
    """It is counted as given up, and the next start sends it all the same."""
    going, go_on = threading.Event(), threading.Event()

    def slowly(item, without_bodies):
        going.set()
        assert go_on.wait(10)
        return prepare(item, without_bodies)

    it = spooling(Sink(), prepare=slowly)
    it.submit(Item("late"))
    it.hurry()
    assert going.wait(10)
    threads = it._worker._threads
    assert not it.shutdown(0)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert it.stats().dropped == {"shutdown": 1}
    sink = Sink()
    after = spooling(sink)
    after.submit(Item("new"))
    assert after.flush(5)
    until(lambda: sorted(sink.accepted) == ["late", "new"])


# -- the file -------------------------------------------------------------------------------


def a_spool(path, count=3):
    spool = Spool(path)
    put = [Fragment(f"x{number}", os.urandom(10)) for number in range(count)]
    spool.put(put)
    return spool, put


def test_what_is_in_hand_is_not_taken_out_to_make_room(path):
    """If nothing else is there, the spool is larger than it should be for a while."""
    spool, put = a_spool(path)
    rows = spool.take(ALL, NONE)
    in_hand = frozenset(row.position for row in rows)
    removed = spool.trim(1, in_hand)
    assert (removed.mine, removed.others) == (0, 0)
    assert [row.fragment for row in spool.take(ALL, NONE)] == put
    assert [row.fragment for row in spool.take(ALL, in_hand - {rows[1].position})] == put[1:2]
    spool.close()


def test_a_disk_that_is_full_at_the_commit_costs_that_commit(path):
    """What was there before is there after; and it goes on once there is room."""
    spool, put = a_spool(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(file.stat().st_size for file in Path(path).parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, hard))
    try:
        with pytest.raises(sqlite3.OperationalError, match=r"full|I/O"):
            spool.put([Fragment("large", os.urandom(1_000_000))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [row.fragment for row in spool.take(ALL, NONE)] == put
    large = Fragment("large", os.urandom(1_000_000))
    spool.put([large])
    assert [row.fragment for row in spool.take(ALL, NONE)] == [*put, large]
    spool.close()


def test_a_disk_that_takes_nothing_is_not_asked_twice(path):
    """Only for want of room can emptying the log be of use."""
    spool, _ = a_spool(path)
    spool._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        spool.put([Fragment("y", b"")])
    spool._connection.execute("PRAGMA query_only = OFF")
    spool.close()


def test_where_there_is_no_proc_leases_end_by_time_alone(path, tmp_path, monkeypatch):
    """A process that can't be told from another is nobody to take over from."""
    monkeypatch.setattr(spool_lease, "Path", lambda name: tmp_path / "nothing" / name[1:])
    spool, _ = a_spool(path)
    holder = Holder.here()
    assert (holder.place, holder.born) == ("", "")
    other = Spool(path)
    assert other.renew() == (0, 0)
    assert len(spool.take(ALL, NONE)) == 3
    other.close()
    spool.close()
