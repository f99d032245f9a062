"""What the command ``wsgi-apimetrics spool`` does: list, verify, repair, export.

Each function takes paths and returns values; printing is the command's.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .spool_files import SUFFIX, Rebuilt, SpoolFile
from .spool_salvage import cut_short, damaged_log
from .spool_schema import SpoolUnusable, checksum


@dataclass(frozen=True, slots=True)
class Summary:
    """What is in a spool.

    Attributes:
        path: The file.
        exchanges: How many wait to be sent.
        dead_letters: How many were refused for good.
        size: Bytes of the file.
        oldest: Unix time in seconds at which the oldest that waits was put in.
        faults: What is wrong with it, in words; none for a sound spool.
    """

    path: str
    exchanges: int
    dead_letters: int
    size: int
    oldest: float | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """One exchange out of a spool: redacted and encoded as its backend takes it.

    ``status_code`` and ``answer`` are the backend's refusal, of a dead letter.
    """

    id: str
    kept_at: float
    content: bytes
    status_code: int | None = None
    answer: str = ""


def spools(directory: str) -> list[str]:
    """Return the spool files of ``directory``, by name."""
    return sorted(str(path) for path in Path(directory).glob(f"*{SUFFIX}"))


def verify(path: str) -> Summary:
    """Read everything in the spool at ``path`` and say what is wrong; changes nothing.

    Raises:
        SpoolUnusable: there is no such file.
    """
    if not Path(path).is_file():
        raise SpoolUnusable(f"there is no file {path}")
    size = Path(path).stat().st_size
    faults = []
    if Path(f"{path}.damaged").exists():
        faults.append("a process has marked it as damaged")
    if cut_short(path):
        faults.append("the file is cut short")
    if damaged_log(path):
        faults.append("the write-ahead log is damaged or cut short")
    if faults:
        return Summary(path, 0, 0, size, None, tuple(faults))
    try:
        with _reading(path) as connection:
            return _summary(connection, path, size)
    except sqlite3.Error as error:
        return Summary(path, 0, 0, size, None, (str(error),))


def repair(path: str) -> Rebuilt:
    """Put what is intact of the spool at ``path`` into a new file; the old one is kept beside it.

    Raises:
        SpoolUnusable: a process has it open; it repairs it itself once it is alone with it.
    """
    file = SpoolFile(path, "full")
    file.mark(0)
    try:
        spool, rebuilt = file.open()
    except SpoolUnusable as error:
        raise SpoolUnusable(f"{path}: {error}; stop them and try again") from error
    spool.close()
    file.let_go()
    return rebuilt or Rebuilt(0, 0, "")


def export(
    path: str, which: Literal["exchanges", "dead_letters"] = "exchanges"
) -> Iterator[Exported]:
    """Yield what is intact in the spool at ``path``, oldest first; changes nothing."""
    query = (
        "SELECT id, kept_at, checksum, content, NULL, '' FROM exchange ORDER BY position"
        if which == "exchanges"
        else "SELECT id, refused_at, checksum, content, status_code, answer FROM dead_letter"
        " ORDER BY position"
    )
    with _reading(path) as connection:
        for exchange_id, when, check, content, status_code, answer in connection.execute(query):
            if checksum(exchange_id, content) == check:
                yield Exported(exchange_id, when, content, status_code, answer)


@contextlib.contextmanager
def _reading(path: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    finally:
        connection.close()


def _summary(connection: sqlite3.Connection, path: str, size: int) -> Summary:
    faults = [
        str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)") if row[0] != "ok"
    ]
    exchanges, oldest = connection.execute("SELECT count(*), min(kept_at) FROM exchange").fetchone()
    dead_letters = connection.execute("SELECT count(*) FROM dead_letter").fetchone()[0]
    bad = sum(
        checksum(str(exchange_id), bytes(content)) != check
        for exchange_id, check, content in connection.execute(
            "SELECT id, checksum, content FROM exchange"
        )
    )
    if bad:
        faults.append(f"{bad} exchanges do not match their checksums")
    return Summary(path, exchanges, dead_letters, size, oldest, tuple(faults))
