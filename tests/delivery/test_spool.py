"""The spool: on disk before it is sent, gone once it is accepted, shared by processes."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from pathlib import Path

import pytest
from waiting import until

from delivery.rig import ALL, NONE, Item, Sink, items, law, submit
from wsgi_apimetrics.delivery import spool_lease
from wsgi_apimetrics.delivery.retry import RetryTable
from wsgi_apimetrics.delivery.spool import Spool
from wsgi_apimetrics.delivery.spool_files import spool_path
from wsgi_apimetrics.delivery.spool_schema import VERSION, SpoolUnusable, connect
from wsgi_apimetrics.payload import Fragment, Outcome

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def fragments(count, prefix="x", size=10):
    return [Fragment(f"{prefix}{number:05d}", os.urandom(size)) for number in range(count)]


def kept(spool):
    return [row.fragment for row in spool.take(ALL, NONE)]


def rows(path, query="SELECT count(*) FROM exchange"):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchone()[0]
    finally:
        connection.close()


# -- the file -------------------------------------------------------------------------------


def test_returns_what_was_put_in_in_order(path):
    """Small and large exchanges come back as they went in, oldest first."""
    spool = Spool(path)
    put = [
        fragment
        for size in (0, 1, 3000, 5000, 300_000)
        for fragment in fragments(3, f"{size}-", size)
    ]
    for fragment in put:
        spool.put([fragment])
    assert kept(spool) == put
    spool.close()


def test_permissions(path):
    """Files are 0600, the directory 0700, whatever the umask."""
    before = os.umask(0)
    try:
        spool = Spool(path)
        spool.put(fragments(1))
        directory = Path(path).parent
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        modes = {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}
        assert modes == {0o600}
        assert len(list(directory.iterdir())) == 3
    finally:
        os.umask(before)
        spool.close()


def test_file_names_its_version_and_a_newer_one_is_left_alone(path):
    """``user_version`` is the format's; a file of a newer format is not touched."""
    Spool(path).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(SpoolUnusable, match="newer"):
        Spool(path)


@pytest.mark.parametrize(("durability", "synchronous"), [("normal", 1), ("full", 2)])
def test_durability(path, durability, synchronous):
    """``normal`` and ``full`` are SQLite's: WAL, synced at checkpoints or at every commit."""
    connection = connect(path, durability)
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == synchronous
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


def test_what_was_removed_is_erased(path):
    """Bytes that have been accepted are on no page of the file any more."""
    spool = Spool(path)
    positions = spool.put([Fragment("a", b"NEEDLE" * 2000)])
    spool.remove(positions)
    spool.close()
    everything = b"".join(file.read_bytes() for file in Path(path).parent.iterdir())
    assert b"NEEDLE" not in everything


def test_another_account_has_another_file(spool_dir):
    """Two destinations never share a file, and the name does not show them."""
    one, two = (spool_path(spool_dir, "readme", f"https://a key{n}") for n in (1, 2))
    assert one != two
    assert "key" not in one


# -- leases ---------------------------------------------------------------------------------


def test_living_process_keeps_its_own(path):
    """What a living holder put in is not taken by another."""
    one, two = Spool(path), Spool(path)
    one.put(fragments(3))
    assert two.renew() == (0, 0)
    assert kept(two) == []
    one.close()
    two.close()


def test_released_lease_is_taken_over_once(path):
    """What a process left when it ended goes to exactly one other, in order."""
    one, two, three = Spool(path), Spool(path), Spool(path)
    put = fragments(5)
    one.put(put)
    one.close()
    assert [two.renew(), three.renew()] == [(0, 5), (0, 0)]
    assert (kept(two), kept(three)) == (put, [])
    two.close()
    three.close()


def test_expired_lease_is_taken_over_and_its_old_holder_fenced(path, monkeypatch):
    """A holder that slept too long loses its exchanges, finds out, and removes none of them."""
    one, two = Spool(path), Spool(path)
    positions = one.put(fragments(5))
    real = time.time
    monkeypatch.setattr(spool_lease.time, "time", lambda: real() + spool_lease.LEASE_SECONDS + 1)
    assert two.renew() == (0, 5)
    assert not one.holds(positions)
    assert one.remove(positions) == 0
    assert one.renew() == (0, 0)
    assert two.remove(positions) == 5
    one.put(fragments(2, "later"))
    assert [it.id for it in kept(one)] == ["later00000", "later00001"]
    one.close()
    two.close()


def test_lease_of_a_dead_process_is_taken_over_at_once(path):
    """A process that was killed is seen to be gone without waiting for its lease to end."""
    pid = os.fork()
    if pid == 0:
        Spool(path).put(fragments(4))
        os._exit(0)
    os.waitpid(pid, 0)
    spool = Spool(path)
    assert spool.renew() == (0, 4)
    spool.close()


def test_fork_after_the_spool_was_opened(spooling, path):
    """A child opens the spool anew; the parent's connection, leases and lock stay whole."""
    sink = Sink()
    it = spooling(sink)
    it.submit(Item("before"))
    assert it.flush(5)
    pid = os.fork()
    if pid == 0:
        it.submit(Item("child"))
        sent = it.flush(5) and sink.accepted["child"] == 1
        os._exit(0 if sent else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    it.submit(Item("after"))
    assert it.flush(5)
    assert rows(path) == 0


def test_leases_do_not_pile_up(path):
    """A lease that nothing is left under is forgotten."""
    for number in range(5):
        spool = Spool(path)
        spool.renew()
        spool.put(fragments(1, str(number)))
        spool.close()
    spool = Spool(path)
    spool.put(fragments(1))
    spool.renew()
    spool.remove([row.position for row in spool.take(ALL, NONE)])
    spool.renew()
    assert rows(path, "SELECT count(*) FROM lease") == 1
    spool.close()


# -- bounds ---------------------------------------------------------------------------------


def test_oldest_goes_first_when_there_is_too_much(path):
    """Trimming takes the oldest, no more than needed, and not what is on its way."""
    spool = Spool(path)
    spool.put(fragments(1, "sent", 40_000))
    in_hand = frozenset(row.position for row in spool.take(ALL, NONE))
    spool.put(fragments(100, "x", 40_000))
    removed = spool.trim(1_000_000, in_hand)
    left = [it.id for it in kept(spool)]
    assert left[0] == "sent00000"
    assert left[1:] == [f"x{number:05d}" for number in range(removed.mine, 100)]
    assert 15 <= len(left) <= 25
    assert spool.size() <= 1_000_000
    spool.close()


def test_spool_full_is_counted(spooling, path):
    """Beyond ``spool_max_bytes`` the oldest is dropped, with its reason."""
    it = spooling(Sink(503), retries=RetryTable(), spool_max_bytes=1024 * 1024)
    submit(it, items(100, content=b"x" * 50_000))
    until(lambda: it.stats().dropped.get("spool_full", 0) and not it.stats().queue_depth)
    stats = it.stats()
    # A back-off may end at once (full jitter), and the backend takes what comes then.
    assert stats.spooled + stats.delivered + stats.dropped["spool_full"] == 100
    until(lambda: rows(path) == it.stats().spooled)  # rows go first, and are counted then


def test_too_old_is_counted(spooling):
    """Beyond ``spool_max_age_seconds`` an exchange is dropped, with its reason."""
    one = spooling(Sink(503), retries=RetryTable())
    submit(one, items(20))
    until(lambda: one.stats().spooled == 20)
    one.shutdown(0)
    two = spooling(Sink(503), retries=RetryTable(), spool_max_age_seconds=0.001)
    submit(two, items(1, "new"))
    until(lambda: two.stats().dropped.get("spool_expired") == 20)
    law(two.stats())


# -- through the processor --------------------------------------------------------------------


def test_on_disk_before_it_is_sent_and_gone_when_accepted(spooling, path):
    """At the moment of sending the exchange is committed; afterwards the spool is empty."""
    seen = []

    def look(payload):
        seen.append((rows(path), len(payload)))
        return 200

    it = spooling(Sink(look), buffer_length=5)
    submit(it, items(5))
    assert it.flush(5)
    assert seen
    assert all(on_disk >= sent for on_disk, sent in seen)
    assert rows(path) == 0


def test_captured_is_on_disk_within_a_tenth_of_a_second(spooling, path):
    """While the backend hangs, one exchange is committed promptly, whatever ``buffer_length``."""
    sink = Sink()
    sink.hang.clear()
    it = spooling(sink, buffer_length=1)
    submit(it, items(1))
    until(lambda: sink.sent)
    delays = []
    for item in items(10, "y"):
        before, begun = it.stats().spooled, time.monotonic()
        it.submit(item)
        until(lambda before=before: it.stats().spooled == before + 1)
        delays.append(time.monotonic() - begun)
    assert sorted(delays)[5] < 0.1
    assert rows(path) == 11
    sink.hang.set()


def test_next_start_sends_what_was_left(spooling):
    """What a process could not send is sent by the next, with the same ids."""
    one = spooling(Sink(*[503] * 50), retries=RetryTable())
    submit(one, items(25))
    assert not one.shutdown(0.5)
    assert one.stats().spooled == 25
    sink = Sink()
    two = spooling(sink)
    submit(two, items(1, "new"))
    assert two.flush(5)
    assert len(sink.accepted) == 26
    assert (two.stats().adopted, two.stats().delivered) == (25, 26)


def test_refused_one_is_set_aside_on_disk_with_the_answer(spooling, path):
    """A dead letter keeps its content and what the backend said."""

    def picky(payload):
        return Outcome(status_code=422, error="no id") if "x000003" in payload.ids else 200

    it = spooling(Sink(picky))
    submit(it, items(10))
    assert it.flush(5)
    assert (it.stats().delivered, it.stats().dead_lettered) == (9, 1)
    letter = rows(path, "SELECT id || status_code || answer || content FROM dead_letter")
    assert letter == "x000003422no id{}"


def test_damaged_row_is_counted_and_costs_no_other(spooling, path):
    """A row whose checksum does not hold is dropped as damaged; the others are sent."""
    one = spooling(Sink(503), retries=RetryTable())
    submit(one, items(20))
    until(lambda: one.stats().spooled == 20)
    one.shutdown(0)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchange SET content = x'00' WHERE id = 'x000007'")
    connection.commit()
    connection.close()
    sink = Sink()
    two = spooling(sink)
    submit(two, items(1, "new"))
    assert two.flush(5)
    assert two.stats().dropped == {"spool_damaged": 1}
    assert len(sink.accepted) == 20


@pytest.mark.parametrize("obstacle", ["file in the way", "newer version", "directory in the way"])
def test_without_its_disk_delivery_goes_on_in_memory(spooling, path, spool_dir, obstacle, caplog):
    """Where the spool can't be used, exchanges are delivered all the same, and the log says so."""
    if obstacle == "file in the way":
        Path(spool_dir).write_text("")
    elif obstacle == "newer version":
        Spool(path).close()
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
        connection.close()
    else:
        Path(path).mkdir(parents=True)
    sink = Sink()
    it = spooling(sink)
    submit(it, items(25))
    assert it.flush(5)
    assert len(sink.accepted) == 25
    assert "carrying on in memory" in caplog.text
    assert "spool" in (it.stats().last_error or "")


def test_disk_that_comes_back_is_used_again(spooling, path, spool_dir):
    """What had to stay in memory goes to disk once that can be."""
    Path(spool_dir).write_text("")
    it = spooling(Sink(*[503] * 50), retries=RetryTable())
    submit(it, items(15))
    until(lambda: it.stats().last_error)
    Path(spool_dir).unlink()
    until(lambda: it.stats().spooled == 15)
    assert rows(path) == 15


def test_memory_is_bounded_while_the_disk_is_gone(spooling, spool_dir):
    """Without its disk and without its backend the queue's bounds hold, drops counted."""
    Path(spool_dir).write_text("")
    sink = Sink()
    sink.hang.clear()
    it = spooling(sink, max_queue_size=50, buffer_length=5)
    submit(it, items(300))
    until(lambda: it.stats().queue_depth <= 50)
    assert it.stats().dropped["queue_full"] >= 250
    law(it.stats())
    sink.hang.set()


def test_without_a_worker_the_spool_works_too(spooling, path):
    """``background_worker_mode=False``: each exchange is on disk when ``submit`` returns."""
    sink = Sink(503)
    it = spooling(sink, background_worker_mode=False, buffer_length=2)
    it.submit(Item("a"))
    assert rows(path) == 1
    it.submit(Item("b"))
    assert (rows(path), len(sink.sent)) == (2, 1)
    assert it.flush(5)
    assert rows(path) == 0


def test_two_processors_of_one_process_share_a_file(spooling):
    """Two middlewares with the same backend each deliver their own, none twice."""
    sink = Sink()
    both = [spooling(sink), spooling(sink)]
    threads = [
        threading.Thread(target=submit, args=(it, items(200, f"{number}-")))
        for number, it in enumerate(both)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [it.flush(10) for it in both] == [True, True]
    assert len(sink.accepted) == 400
    assert set(sink.accepted.values()) == {1}
