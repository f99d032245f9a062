"""Who holds what is in a spool: a lease per process, renewed while the process lives.

A lease ends when its time is over, or at once where the process can be seen to be gone: same
boot, same PID namespace, and no process of that id and birth. Taking a lease over is one
update of the lease, whatever the number of exchanges under it; whoever lost it finds out
before the next send, because every removal names the holder (fencing).
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

LEASE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Holder:
    """One process's claim to leases: a name nobody else has, and how to see whether it lives."""

    name: str
    place: str
    pid: int
    born: str

    @classmethod
    def here(cls) -> Holder:
        """Return a new claim of this process."""
        return cls(uuid.uuid4().hex, _place(), os.getpid(), _born(os.getpid()))

    def begin(self, connection: sqlite3.Connection) -> int:
        """Make a lease, and return its id."""
        cursor = connection.execute(
            "INSERT INTO lease (holder, place, pid, born, expires_at) VALUES (?, ?, ?, ?, ?)",
            (self.name, self.place, self.pid, self.born, time.time() + LEASE_SECONDS),
        )
        return int(cursor.lastrowid or 0)

    def renew(self, connection: sqlite3.Connection) -> list[int]:
        """Put the end of the leases off, and return those that are still held, oldest first."""
        connection.execute(
            "UPDATE lease SET expires_at = ? WHERE holder = ?",
            (time.time() + LEASE_SECONDS, self.name),
        )
        rows = connection.execute("SELECT id FROM lease WHERE holder = ? ORDER BY id", (self.name,))
        return [row[0] for row in rows]

    def adopt(self, connection: sqlite3.Connection) -> list[int]:
        """Take over the leases that have ended, and return them."""
        rows = connection.execute(
            "SELECT id, place, pid, born, expires_at FROM lease WHERE holder != ?", (self.name,)
        ).fetchall()
        now = time.time()
        ended = [row[0] for row in rows if row[4] <= now or self._is_gone(*row[1:4])]
        for lease in ended:
            connection.execute(
                "UPDATE lease SET holder = ?, place = ?, pid = ?, born = ?, expires_at = ?"
                " WHERE id = ?",
                (self.name, self.place, self.pid, self.born, now + LEASE_SECONDS, lease),
            )
        return ended

    def release(self, connection: sqlite3.Connection) -> None:
        """End the leases: whoever comes next takes over."""
        connection.execute("UPDATE lease SET expires_at = 0 WHERE holder = ?", (self.name,))

    def _is_gone(self, place: str, pid: int, born: str) -> bool:
        return bool(place) and place == self.place and _born(pid) != born


def _place() -> str:
    """Name the boot and the PID namespace, ``""`` where there is no way to tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _born(pid: int) -> str:
    """Return when the process began, in the kernel's ticks; ``""`` if there is none.

    Field 22 of /proc/PID/stat, see proc(5); the name before it may hold spaces and brackets.
    A zombie has ended: it will send nothing any more.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = fields.rpartition(")")[2].split()
    return "" if state in "ZX" else rest[18]
