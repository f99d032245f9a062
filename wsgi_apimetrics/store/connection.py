"""Opening the file: whose it is, which version it has, and what every connection is set to.

A file is looked at before anything is written to it; whatever is wrong with it is one
:class:`~wsgi_apimetrics.exceptions.StoreError` with a text for the user, and the file stays as
it was. ``sqlite3.OperationalError`` (locked, disk full) is left to the caller: it passes.
"""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from ..exceptions import StoreError
from . import slots
from .location import make_private
from .schema import APPLICATION_ID, MIGRATIONS, VERSION

BUSY_SECONDS = 5.0
"""How long a connection waits for another that is writing."""

_SELDOM, _OFTEN = 16_000, 1_000
"""After how many pages in the write-ahead log a commit moves them into the file."""

_MAGIC = b"SQLite format 3\x00"


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the store at ``path``; make it, or bring it up to date, where need be.

    Raises:
        StoreError: the file is not ours, damaged, or of a newer version.
        sqlite3.OperationalError: it is locked, or the disk is full.
    """
    try:
        make_private(path)
    except OSError as error:
        raise StoreError(f"{path} can't be opened: {error.strerror}") from None
    _refuse_other_files(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    with _closed_on_error(connection), translated(path):
        slots.register(connection)
        # Also when pages are split or freed: else what is erased may be in the gaps. Not every
        # SQLite is built so.
        connection.execute("PRAGMA secure_delete = ON")
        if _version(connection, path) < VERSION:
            _migrate(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_SELDOM}")
        connection.execute("PRAGMA journal_size_limit = 33554432")
        _set_up(connection)
        connection.execute("PRAGMA busy_timeout = 0")
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the store at ``path`` read-only; readers never wait for writers.

    Raises:
        StoreError: there is none, or it can't be read by this version.
    """
    if not path.exists():
        raise StoreError(f"there is no store at {path}: nothing was captured there yet")
    _refuse_other_files(path)
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    with _closed_on_error(connection), translated(path):
        version = _version(connection, path)
        if version == 0:
            raise StoreError(f"{path} has no exchanges yet")
        if version < VERSION:
            raise StoreError(
                f"{path} was written by an older wsgi-apimetrics (version {version} of the store, "
                f"this one needs {VERSION}); bring it up to date by: "
                f"wsgi-apimetrics stats --store {shlex.quote(str(path))}"
            )
        _set_up(connection)
        connection.execute("PRAGMA query_only = ON")
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock; commit at the end, roll back on any error.

    SQLite's own waiting sleeps longer and longer, up to 100 ms, and may miss every gap between
    the slices of another's upkeep; this one looks every millisecond.
    """
    until = time.monotonic() + BUSY_SECONDS
    while not _begun(connection, until):
        time.sleep(0.001)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk or an interrupt may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def checkpointing(connection: sqlite3.Connection) -> Iterator[None]:
    """Move what is in the write-ahead log into the file in here, so that no write has to.

    That waits for the disk, but holds no lock that a writer or a reader waits for.
    """
    connection.execute(f"PRAGMA wal_autocheckpoint = {_OFTEN}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA wal_autocheckpoint = {_SELDOM}")


def _begun(connection: sqlite3.Connection, until: float) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        # sqlite_errorcode is of Python 3.11.
        if "locked" not in str(error) or time.monotonic() > until:
            raise
        return False
    return True


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's word for a damaged file into ours."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} is damaged ({error}); it was left alone: move it away, or name another path"
        ) from None


def _refuse_other_files(path: Path) -> None:
    """Look at the header without SQLite, which may write to what it opens."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}") from None
    if not header:
        return
    if not header.startswith(_MAGIC):
        raise StoreError(f"{path} is not a store of wsgi-apimetrics; it was left alone")
    application, version = header[68:72], header[60:64]
    # A new store's header is written at its first checkpoint: until then these are in the WAL.
    if not any(application):
        return
    if int.from_bytes(application, "big") != APPLICATION_ID:
        raise StoreError(f"{path} belongs to another program; it was left alone")
    if int.from_bytes(version, "big") > VERSION:
        raise _newer(path, int.from_bytes(version, "big"))


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema's version, 0 for an empty file."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application == APPLICATION_ID:
        if version > VERSION:
            raise _newer(path, version)
        return version
    if application or version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StoreError(f"{path} belongs to another program; it was left alone")
    return 0


def _newer(path: Path, version: int) -> StoreError:
    return StoreError(
        f"{path} was written by a newer wsgi-apimetrics (version {version} of the store, this "
        f"one knows {VERSION}); it was left alone: update the package, or name another path"
    )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables up to date, in one transaction; another process may have been first."""
    # Only an empty file takes this setting, and only before its first table.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    with transaction(connection):
        for script in MIGRATIONS[_version(connection, path) :]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")


@contextlib.contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
