"""A spool's file by name: where it is, who has it open, and what happens when it is damaged.

Everyone who has the spool open holds a shared lock on a file beside it. A damaged spool is
rebuilt by whoever gets that lock for himself; until then a marker keeps the others from
opening it again, and they carry on in memory. The damaged file is kept beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .spool import Spool
from .spool_salvage import Salvage, cut_short, damaged_log
from .spool_schema import SpoolUnusable, is_damage

SUFFIX = ".spool"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a damaged spool: exchanges that were intact, and where the old file is."""

    saved: int
    lost: int
    kept_as: str


def spool_path(directory: str, name: str, destination: str) -> str:
    """Return the file of the backend ``name`` for ``destination``.

    The destination (address, key, format) enters as a digest: what was meant for one account is
    never sent to another. The number that tells backends of one kind apart stays out, for it
    depends on their order: the next start may name them in another.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", re.sub(r"-\d+$", "", name))
    digest = hashlib.sha256(destination.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return str(Path(directory) / f"{plain}-{digest}{SUFFIX}")


class SpoolFile:
    """One spool file and this process's shared lock on it."""

    def __init__(self, path: str, durability: str) -> None:
        self.path = path
        self._durability = durability
        self._lock: int | None = None

    def open(self) -> tuple[Spool, Rebuilt | None]:
        """Open the spool, rebuilt if it is damaged.

        Raises:
            SpoolUnusable: it is damaged and others have it open still, or a newer version's.
            OSError, sqlite3.Error: it can't be opened.
        """
        try:
            with self._alone() as alone:
                rebuilt = self._mended(alone)
                self._share()
            return Spool(self.path, self._durability), rebuilt
        except BaseException as error:
            self.let_go()
            if isinstance(error, sqlite3.Error) and is_damage(error):
                self.mark(0)
            raise

    def mark(self, held: int) -> None:
        """Tell everyone that the spool is damaged, and whoever rebuilds it how many we held."""
        with contextlib.suppress(OSError):
            flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
            marker = os.open(self._marker, flags, 0o600)
            os.write(marker, f"{held}\n".encode())
            os.close(marker)

    def is_marked(self) -> bool:
        """Whether someone has found it damaged."""
        return self._marker.exists()

    def let_go(self) -> None:
        """Give the shared lock up."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    @property
    def _marker(self) -> Path:
        return Path(f"{self.path}.damaged")

    def _mended(self, alone: bool) -> Rebuilt | None:
        damaged = self.is_marked()
        if alone and (damaged or cut_short(self.path) or damaged_log(self.path)):
            return rebuild(self.path)
        if damaged:
            raise SpoolUnusable("it is damaged, and other processes still have it open")
        return None

    def _open_lock(self) -> int:
        Path(self.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def _share(self) -> None:
        if self._lock is None:
            self._lock = self._open_lock()
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the lock for oneself if nobody else has the spool open; say whether so."""
        lock = self._open_lock()
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            self._lock = lock
            yield True
        finally:
            if self._lock != lock:
                os.close(lock)


def in_use(path: str) -> bool:
    """Whether a process has the spool at ``path`` open; changes nothing."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def rebuild(path: str) -> Rebuilt:
    """Put what is intact into a new spool at ``path``; the damaged one is kept beside it.

    Whoever calls this has the spool for himself. The rebuilt one is whole before it takes the
    place of the damaged one.
    """
    marker = Path(f"{path}.damaged")
    found = Salvage(path)  # before SQLite sees it and throws a log away that it can't use
    fresh = f"{path}.new"
    for end in _ENDS:
        Path(f"{fresh}{end}").unlink(missing_ok=True)
    spool = Spool(fresh, "full")
    fragments = iter(found)
    while batch := list(islice(fragments, _BATCH)):
        spool.put(batch)
    spool.close()
    found.close()
    kept_as = f"{path}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for end in _ENDS:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{end}").replace(f"{kept_as}{end}")
    Path(fresh).replace(path)
    told = _told(marker)
    marker.unlink(missing_ok=True)
    saved = len(found)
    return Rebuilt(saved, max(found.lost, told - saved), kept_as)


_BATCH = 100
_ENDS = ("-wal", "-shm", "")


def _told(marker: Path) -> int:
    """How many exchanges those who had the spool open held in it."""
    if not marker.exists():
        return 0
    return sum(int(line) for line in marker.read_text(encoding="ascii").split())
