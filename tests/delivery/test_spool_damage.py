"""Damage at any byte: what is intact comes back, what is not is counted, and it goes on."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import until

from delivery.rig import ALL, NONE, Sink, items, law, processor
from wsgi_apimetrics.delivery.policy import BatchLimits
from wsgi_apimetrics.delivery.spool import Spool
from wsgi_apimetrics.delivery.spool_files import SpoolFile, spool_path
from wsgi_apimetrics.delivery.spool_salvage import Salvage, damaged_log
from wsgi_apimetrics.payload import Fragment

COUNT = 60


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Spools as ``kill -9`` leaves them: one mostly in its file, one mostly in its log."""
    base = tmp_path_factory.mktemp("sound")
    made = {}
    for kind in ("file", "log"):
        path = spool_path(str(base / f"{kind}-live"), "rig", "rig's destination")
        pid = os.fork()
        if pid == 0:
            _fill_and_die(path, checkpoint=kind == "file")
        os.waitpid(pid, 0)
        made[kind] = Path(path).parent
    return made


def _fill_and_die(path: str, *, checkpoint: bool) -> None:
    spool = Spool(path)
    for number in range(COUNT):
        spool.put([_fragment(number)])
        if checkpoint and number == COUNT - 4:
            spool._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os._exit(0)  # with the spool open


def _fragment(number: int) -> Fragment:
    return Fragment(f"x{number:05d}", (b"%05d;" % number) * (number * number * 7 % 1500 + 1))


def damaged(directory: Path, to: Path) -> str:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(directory, to)
    return spool_path(str(to), "rig", "rig's destination")


def overwrite(path: str, pages: slice) -> None:
    """Fill every so many pages with ones."""
    content = bytearray(Path(path).read_bytes())
    for page in range(*pages.indices(len(content))):
        content[page : page + 4096] = b"\xff" * 4096
    Path(path).write_bytes(content)


def reopened(path: str) -> tuple[dict[str, bytes], int]:
    """Return what a next start finds, by id, and how many it counts as lost."""
    sink = Sink()
    it = processor(sink, spool_dir=str(Path(path).parent), limits=BatchLimits(10, 10**6))
    it.submit(items(1, "new")[0])
    stock = it._worker.pipeline._stock
    until(lambda: stock._spool is not None)
    assert it.flush(10), it.stats()
    until(lambda: stock._spool is not None and not it.stats().spooled)
    it.shutdown(1)
    law(it.stats())
    found = {}
    for payload in sink.sent:
        found.update(zip(payload.ids, payload.content.split(b","), strict=False))
    assert found.pop("new000000") == b"{}"
    return found, it.stats().dropped.get("spool_damaged", 0)


def check(path: str, *, most_lost: int) -> None:
    """What comes back is what was put in; the rest, few, is counted or was never on disk."""
    found, _ = reopened(path)
    put = {fragment.id: fragment.content for fragment in map(_fragment, range(COUNT))}
    for id_, content in found.items():
        assert put[id_] == content
    assert len(found) >= COUNT - most_lost, sorted(set(put) - set(found))
    again, _ = reopened(path)
    assert again == {}


@pytest.mark.parametrize("kind", ["file", "log"])
def test_undamaged_spool_comes_back_whole(sound, tmp_path, kind):
    """After a kill and without damage, everything that was committed is there."""
    check(damaged(sound[kind], tmp_path / "spool"), most_lost=0)


@pytest.mark.parametrize("kind", ["file", "log"])
def test_salvage_finds_what_sqlite_finds(sound, tmp_path, kind):
    """Reading page by page gives the same exchanges in the same order as SQLite does."""
    path = damaged(sound[kind], tmp_path / "spool")
    found = Salvage(path)
    assert list(found) == [_fragment(number) for number in range(COUNT)]
    assert found.lost == 0
    found.close()
    assert not damaged_log(path)


@pytest.mark.parametrize("kind", ["file", "log"])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bit(sound, tmp_path, kind, data):
    """A flipped bit anywhere costs the exchanges that it is in, and no other."""
    path = damaged(sound[kind], tmp_path / "spool")
    victim = Path(f"{path}-wal" if kind == "log" else path)
    content = bytearray(victim.read_bytes())
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    victim.write_bytes(content)
    check(path, most_lost=12)


@pytest.mark.parametrize("kind", ["file", "log"])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_truncated_at_any_byte(sound, tmp_path, kind, data):
    """A file that ends too early gives what is left of it, and goes on."""
    path = damaged(sound[kind], tmp_path / "spool")
    victim = Path(f"{path}-wal" if kind == "log" else path)
    size = victim.stat().st_size
    length = data.draw(st.integers(0, size))
    os.truncate(victim, length)
    lost = COUNT - _intact_after_truncation(path)
    check(path, most_lost=lost)


def _intact_after_truncation(path: str) -> int:
    """How many exchanges' bytes are all there still, by looking for them in the bytes."""
    files = [file for file in (Path(path), Path(f"{path}-wal")) if file.exists()]
    everything = b"".join(file.read_bytes() for file in files)
    return min(
        len(Salvage(path)),
        sum(_fragment(n).content[:50] in everything for n in range(COUNT)),
    )


def test_damage_is_counted_and_the_old_file_kept(sound, tmp_path, caplog):
    """What a damaged page held is counted; the damaged file stays for whoever wants to look."""
    path = damaged(sound["file"], tmp_path / "spool")
    overwrite(path, slice(4096 * 8, None, 4096 * 3))
    found, lost = reopened(path)
    assert 0 < len(found) < COUNT
    assert lost == COUNT - len(found)
    assert any(".damaged-" in file.name for file in Path(path).parent.iterdir())
    assert "damaged" in caplog.text


def test_file_of_garbage_is_set_aside(tmp_path):
    """A spool that is no database at all is kept aside, and a new one begun."""
    path = spool_path(str(tmp_path), "rig", "rig's destination")
    Path(path).write_bytes(os.urandom(10_000))
    found, _ = reopened(path)
    assert found == {}


def test_damaged_spool_waits_until_nobody_else_has_it(tmp_path):
    """While another has it open it is not rebuilt under him; then it is."""
    path = spool_path(str(tmp_path), "rig", "rig's destination")
    one = SpoolFile(path, "normal")
    spool, _ = one.open()
    spool.put([_fragment(1)])
    two = SpoolFile(path, "normal")
    two.mark(0)
    with pytest.raises(Exception, match="other processes"):
        two.open()
    assert one.is_marked()
    spool.close()
    one.let_go()
    again, rebuilt = two.open()
    assert rebuilt is not None
    assert rebuilt.saved == 1
    assert [row.fragment for row in _all(again)] == [_fragment(1)]
    again.close()
    two.let_go()


def _all(spool: Spool) -> list:
    spool.renew()
    return spool.take(ALL, NONE)


def test_damage_found_at_work_is_mended_at_work(tmp_path):
    """A process that meets damage while it runs rebuilds the spool and loses nothing intact."""
    path = spool_path(str(tmp_path), "rig", "rig's destination")
    sink = Sink(*[503] * 3)
    it = processor(sink, spool_dir=str(tmp_path), max_queue_size=1000)
    for item in items(5):
        it.submit(item)
    it._worker.pipeline._stock._file.mark(0)
    for item in items(20, "y"):
        it.submit(item)
    assert it.flush(10), it.stats()
    assert len(sink.accepted) == 25
    it.shutdown(1)
    law(it.stats())
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (0,)
    connection.close()


def test_what_only_the_index_knows_of_is_lost(sound, tmp_path):
    """Nobody need have found the damage at work: the next start counts what it can't read."""
    path = damaged(sound["file"], tmp_path / "spool")
    overwrite(path, slice(4096 * 8, None, 4096 * 3))
    found = Salvage(path)
    assert 0 < len(found) < COUNT
    assert found.lost == COUNT - len(found)
    found.close()


def test_a_damaged_index_costs_no_exchange(tmp_path):
    """What can't be read of it names nothing, in whatever way it can't be."""
    path = spool_path(str(tmp_path), "rig", "rig's destination")
    spool = Spool(path)
    spool.put([_fragment(number) for number in range(COUNT)])
    spool.close()
    content = bytearray(Path(path).read_bytes())
    (index,) = [at for at in range(4096, len(content), 4096) if content[at] == 0x0A]
    pointers = index + 8
    content[pointers : pointers + 4] = b"\x0f\xff\x0f\xf4"  # the last byte, and near it
    content[index + 4084 : index + 4096] = b"\xff" * 12
    Path(path).write_bytes(content)
    found = Salvage(path)
    assert list(found) == [_fragment(number) for number in range(COUNT)]
    assert found.lost == 0
    found.close()


def test_a_row_whose_pages_go_in_a_circle_is_lost_alone(tmp_path):
    """A damaged length and a damaged pointer must not be followed without end."""
    path = spool_path(str(tmp_path), "rig", "rig's destination")
    spool = Spool(path)
    large = Fragment("large", b"l" * 19_000 + b"m" * 1000)
    spool.put([_fragment(1), large, _fragment(2)])
    spool.close()
    content = bytearray(Path(path).read_bytes())
    # Before its id: the length in three bytes, the row's id, the record's header.
    cell = content.rindex(b"\x02\x09\x00", 0, content.index(b"large")) - 3
    high, middle, low = content[cell : cell + 3]
    length = (high & 0x7F) << 14 | (middle & 0x7F) << 7 | low
    length += 500 * 4092  # whole pages more: the pointer to the first one stays where it is
    content[cell : cell + 3] = bytes(
        [length >> 14 | 0x80, length >> 7 & 0x7F | 0x80, length & 0x7F]
    )
    pages = [at for at in range(0, len(content), 4096) if content[at + 4 : at + 8] == b"llll"]
    for at in pages:
        content[at : at + 4] = (pages[0] // 4096 + 1).to_bytes(4, "big")
    Path(path).write_bytes(content)
    found = Salvage(path)
    assert list(found) == [_fragment(1), _fragment(2)]
    assert found.lost == 1
    found.close()


def test_a_log_that_was_begun_anew_has_older_frames_behind(tmp_path):
    """SQLite overwrites its log from the start: what follows the newest round is not damage."""
    path = spool_path(str(tmp_path / "live"), "rig", "rig's destination")
    spool = Spool(path)
    put = [_fragment(number) for number in range(40)]
    spool.put(put[:39])
    spool._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    spool.put(put[39:])
    copied = damaged(Path(path).parent, tmp_path / "copy")  # as kill -9 would have left it
    spool.close()
    assert not damaged_log(copied)
    found = Salvage(copied)
    assert list(found) == put
    found.close()


def test_a_log_whose_header_is_damaged_is_found_out(sound, tmp_path):
    """Its checksum says so; SQLite would take it for a log without frames."""
    path = damaged(sound["log"], tmp_path / "spool")
    content = bytearray(Path(f"{path}-wal").read_bytes())
    content[24] ^= 1
    Path(f"{path}-wal").write_bytes(content)
    assert damaged_log(path)
    check(path, most_lost=0)


def test_damage_that_only_opening_finds_is_mended_by_the_next_try(tmp_path):
    """The page that holds the schema: nothing that is looked at before shows it."""
    path = spool_path(str(tmp_path), "rig", "rig's destination")
    spool = Spool(path)
    spool.put([_fragment(number) for number in range(5)])
    spool.close()
    content = bytearray(Path(path).read_bytes())
    content[100] = 0xFF
    Path(path).write_bytes(content)
    file = SpoolFile(path, "normal")
    with pytest.raises(sqlite3.DatabaseError):
        file.open()
    assert file.is_marked()
    found, lost = reopened(path)
    assert (sorted(found), lost) == ([_fragment(number).id for number in range(5)], 0)


def test_damage_that_another_finds_is_heard_of(tmp_path):
    """Whoever has the spool open lets go of it, and the one who is alone then mends it."""
    sink = Sink(*[503] * 1000)
    it = processor(sink, spool_dir=str(tmp_path), flush_interval_seconds=0.01)
    for item in items(5):
        it.submit(item)
    until(lambda: it.stats().spooled == 5)
    SpoolFile(spool_path(str(tmp_path), "rig", "rig's destination"), "normal").mark(0)
    until(lambda: any(".damaged-" in file.name for file in tmp_path.iterdir()))
    sink.answers.clear()
    assert it.flush(10), it.stats()
    until(lambda: sum(sink.accepted.values()) == 5)
    it.shutdown(1)
    law(it.stats())
