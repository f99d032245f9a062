"""The spool's file: SQLite in WAL mode, its tables, and the check on every row.

Only redacted, encoded exchanges are ever written. ``user_version`` is the version of the
tables; a file of an older version is brought up, one of a newer version is left alone. A row
carries a checksum of its own, for SQLite does not notice a flipped bit in a value.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from pathlib import Path

from ..exceptions import ApiMetricsError

APPLICATION_ID = 0x41504D53
VERSION = 1

TABLES = """
CREATE TABLE lease (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    holder TEXT NOT NULL,
    place TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born TEXT NOT NULL,
    expires_at REAL NOT NULL
);
CREATE TABLE exchange (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    kept_at REAL NOT NULL,
    lease INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX exchange_by_lease ON exchange (lease, position);
CREATE TABLE dead_letter (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    refused_at REAL NOT NULL,
    status_code INTEGER,
    answer TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    content BLOB NOT NULL
);
"""

_FATAL = ("malformed", "not a database", "unsupported file format", "corrupt")


class SpoolUnusable(ApiMetricsError):
    """The spool can't be used for now; the text says why."""


def checksum(exchange_id: str, content: bytes) -> int:
    """Return the CRC-32 that a row of this id and content carries."""
    return zlib.crc32(content, zlib.crc32(exchange_id.encode("utf-8", "surrogatepass")))


def is_damage(error: sqlite3.Error) -> bool:
    """Whether ``error`` says that the file is damaged, not that it is locked or the disk full."""
    return any(word in str(error) for word in _FATAL)


def connect(path: str, durability: str = "normal") -> sqlite3.Connection:
    """Open the spool at ``path``, made if it is not there: file 0600, its directory 0700.

    Raises:
        SpoolUnusable: a newer version made it.
        sqlite3.Error, OSError: it can't be opened.
    """
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        _set_up(connection, durability)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, durability: str) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA secure_delete = ON")  # what has left is gone from the disk
    connection.execute("PRAGMA journal_size_limit = 4194304")
    connection.execute("BEGIN IMMEDIATE")
    try:
        _bring_up(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _bring_up(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise SpoolUnusable(f"a newer version of this package made it (format {version})")
    if version == 0:
        for statement in TABLES.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
