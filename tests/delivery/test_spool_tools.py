"""Listing, verifying, repairing and exporting a spool."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from wsgi_apimetrics.delivery import spool_tools
from wsgi_apimetrics.delivery.spool import Spool
from wsgi_apimetrics.delivery.spool_files import SpoolFile, spool_path
from wsgi_apimetrics.delivery.spool_schema import SpoolUnusable
from wsgi_apimetrics.payload import Fragment, Outcome

LETTER = Fragment("dead", b"refused")
PUT = [Fragment(f"x{number}", b"content %d" % number) for number in range(20)]


@pytest.fixture
def path(tmp_path):
    """A closed spool with 20 exchanges and a dead letter."""
    path = spool_path(str(tmp_path), "readme", "somewhere")
    spool = Spool(path)
    spool.put(PUT)
    spool.set_aside([(LETTER, None)], Outcome(status_code=422, error="no id"))
    spool.close()
    return path


def test_spools_lists_the_files(path):
    """Every spool of a directory, and nothing else in it."""
    Path(f"{path}.lock").touch()
    assert spool_tools.spools(str(Path(path).parent)) == [path]


def test_verify_of_a_sound_spool(path):
    """A sound spool has its counts and no fault."""
    summary = spool_tools.verify(path)
    assert summary == spool_tools.Summary(path, exchanges=20, dead_letters=1)


def test_verify_names_rows_that_do_not_match(path):
    """A value that was changed behind SQLite's back is found by its checksum."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchange SET content = x'00' WHERE id = 'x3'")
    connection.commit()
    connection.close()
    summary = spool_tools.verify(path)
    assert (summary.bad, summary.faults) == (1, ("1 exchanges are not what was written",))
    assert [it.id for it in spool_tools.export(path) if not it.intact] == ["x3"]


def test_verify_names_a_file_that_is_cut_short(path):
    """A file that ends too early is a fault in words, not an exception."""
    with Path(path).open("r+b") as file:
        file.truncate(9000)
    assert spool_tools.verify(path).faults == ("the file is cut short",)


def test_verify_of_no_file(tmp_path):
    """A path without a file is an error that names it."""
    with pytest.raises(FileNotFoundError, match="nothing"):
        spool_tools.verify(str(tmp_path / "nothing"))


def test_a_file_of_a_newer_version_is_left_alone(path):
    """What it holds is not known here."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(SpoolUnusable, match=r"newer wsgi-apimetrics \(format 99\)"):
        spool_tools.verify(path)


@pytest.mark.parametrize("size", [0, 100])
def test_a_spool_that_died_young_is_cut_short(path, size):
    """All that it holds is in its log, and there is a file, or its beginning, beside that."""
    Path(path).write_bytes(Path(path).read_bytes()[:size])
    Path(f"{path}-wal").write_bytes(bytes(10))
    assert "the file is cut short" in spool_tools.verify(path).faults


def test_repair_gives_back_what_is_intact(path):
    """After a repair the spool is sound and holds what the damage left."""
    content = bytearray(Path(path).read_bytes())
    content[20] ^= 0xFF
    Path(path).write_bytes(content)
    rebuilt = spool_tools.repair(path)
    assert (rebuilt.saved, rebuilt.lost) == (20, 0)
    assert Path(rebuilt.kept_as).exists()
    summary = spool_tools.verify(path)
    assert (summary.exchanges, summary.faults) == (20, ())
    assert spool_tools.repair(path) is None


def test_repair_waits_for_nobody(path):
    """A spool that a process has open is not repaired under it."""
    file = SpoolFile(path, "normal")
    spool, _ = file.open()
    file.mark(0)
    with pytest.raises(SpoolUnusable, match="stop the app first"):
        spool_tools.repair(path)
    spool.close()
    file.let_go()


def test_export(path):
    """What is exported is what was put in, in order, then what was refused."""
    *exported, letter = spool_tools.export(path)
    assert [(it.id, it.content, it.dead_letter) for it in exported] == [
        (it.id, it.content, False) for it in PUT
    ]
    assert letter == spool_tools.Exported("dead", b"refused", dead_letter=True, intact=True)


def test_what_is_damaged_is_repaired_before_it_is_exported(path):
    """What SQLite can't read is no traceback."""
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(SpoolUnusable, match="repair it first"):
        list(spool_tools.export(path))


def test_verify_names_what_a_process_has_found(path):
    """Its mark waits for whoever is alone with the spool; what is in it is counted."""
    SpoolFile(path, "normal").mark(3)
    assert spool_tools.verify(path).faults == ("marked as damaged by an app that had it open",)


def test_verify_names_a_damaged_log(path):
    """Its frames would be passed over."""
    Path(f"{path}-wal").write_bytes(b"\xff" * 100)
    assert spool_tools.verify(path).faults == ("the write-ahead log is damaged or cut short",)


def test_of_a_spool_that_is_in_use_the_ends_are_not_judged(path):
    """What an app is about to write ends too early for a moment."""
    Path(f"{path}-wal").write_bytes(b"\xff" * 20)
    held = SpoolFile(path, "normal")
    held._share()
    assert spool_tools.verify(path).faults == ()
    held.let_go()
    assert spool_tools.verify(path).faults == ("the write-ahead log is damaged or cut short",)


def test_verify_says_what_sqlite_says(path):
    """Of damage that only reading finds."""
    content = bytearray(Path(path).read_bytes())
    content[100] = 0xFF
    Path(path).write_bytes(content)
    (fault,) = spool_tools.verify(path).faults
    assert "malformed" in fault
