"""What the command ``wsgi-apimetrics spool`` does: list, verify, repair, export.

Each function takes paths and returns values; printing is the command's.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .spool_files import SUFFIX, Rebuilt, SpoolFile, in_use
from .spool_salvage import cut_short, damaged_log
from .spool_schema import APPLICATION_ID, VERSION, SpoolUnusable, checksum

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in a spool.

    Attributes:
        path: The file.
        exchanges: How many wait to be sent.
        bad: How many of them are not what was written.
        dead_letters: How many were refused for good.
        faults: What is wrong with it, in words; none for a sound spool.
    """

    path: str
    exchanges: int = 0
    bad: int = 0
    dead_letters: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """One exchange out of a spool: redacted and encoded as its backend takes it.

    Attributes:
        dead_letter: Whether the backend had refused it for good.
        intact: Whether it is what was written.
    """

    id: str
    content: bytes
    dead_letter: bool
    intact: bool


def spools(directory: str) -> list[str]:
    """Return the spool files of ``directory``, by name."""
    return sorted(str(path) for path in Path(directory).glob(f"*{SUFFIX}"))


def verify(path: str) -> Summary:
    """Read everything in the spool at ``path`` and say what is wrong; changes nothing.

    Where the file or its log is cut or damaged there is no telling what is in it: nothing is
    counted.

    Raises:
        SpoolUnusable: it is no spool, or of a newer version.
    """
    _refuse_another(path)
    torn = _torn(path)
    if torn:
        return Summary(path, faults=torn)
    try:
        with _reading(path) as connection:
            summary = _summary(connection, path)
    except sqlite3.DatabaseError as error:
        return Summary(path, faults=(f"damaged: {error}",))
    if Path(f"{path}.damaged").exists():
        faults = (*summary.faults, "marked as damaged by an app that had it open")
        summary = replace(summary, faults=faults)
    return summary


def repair(path: str) -> Rebuilt | None:
    """Put what is intact of the spool at ``path`` into a new file; the old one is kept beside it.

    Returns:
        What came of it; ``None`` for a spool that is whole, which is left as it is.

    Raises:
        SpoolUnusable: it is no spool, or a process has it open, which repairs it itself once it
            is alone with it.
    """
    before = verify(path)
    if not before.faults:
        return None
    file = SpoolFile(path, "full")
    file.mark(0)
    try:
        spool, rebuilt = file.open()
    except SpoolUnusable as error:
        raise SpoolUnusable(f"{path}: {error}: stop the app first") from error
    spool.close()
    file.let_go()
    assert rebuilt is not None  # it was marked, and nobody else has it open
    return replace(rebuilt, lost=max(rebuilt.lost, before.exchanges - rebuilt.saved))


def export(path: str) -> Iterator[Exported]:
    """Yield what waits in the spool at ``path``, oldest first, then its dead letters.

    Raises:
        SpoolUnusable: it is no spool, of a newer version, or damaged.
    """
    _refuse_another(path)
    try:
        with _reading(path) as connection:
            for table in ("exchange", "dead_letter"):
                for id_, check, content in connection.execute(
                    f"SELECT id, checksum, content FROM {table} ORDER BY position"  # noqa: S608
                ):
                    intact = checksum(id_, content) == check
                    yield Exported(id_, content, table == "dead_letter", intact)
    except sqlite3.DatabaseError as error:
        raise SpoolUnusable(f"{path} is damaged: {error}: repair it first") from None


def _torn(path: str) -> tuple[str, ...]:
    if in_use(path):
        return ()  # what an app is about to write ends too early for a moment
    there = {
        "the file is cut short": cut_short(path),
        "the write-ahead log is damaged or cut short": damaged_log(path),
    }
    return tuple(fault for fault, is_there in there.items() if is_there)


def _refuse_another(path: str) -> None:
    """Raise unless it may be SQLite's; of one that was never written to there is but a log."""
    with Path(path).open("rb") as file:
        beginning = file.read(len(_SQLITE))
    if beginning != _SQLITE and (beginning or not cut_short(path)):
        raise SpoolUnusable(f"{path} is no spool")


@contextlib.contextmanager
def _reading(path: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise SpoolUnusable(f"{path} is no spool of wsgi-apimetrics")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise SpoolUnusable(f"{path} was written by a newer wsgi-apimetrics (format {version})")
        yield connection
    finally:
        connection.close()


def _summary(connection: sqlite3.Connection, path: str) -> Summary:
    found = connection.execute("PRAGMA integrity_check(10)").fetchall()
    faults = [f"damaged: {what}" for (what,) in found if what != "ok"]
    exchanges = bad = 0
    for id_, check, content in connection.execute("SELECT id, checksum, content FROM exchange"):
        exchanges += 1
        bad += checksum(id_, content) != check
    if bad:
        faults.append(f"{bad:,} exchanges are not what was written")
    dead_letters = connection.execute("SELECT count(*) FROM dead_letter").fetchone()[0]
    return Summary(path, exchanges, bad, dead_letters, tuple(faults))
