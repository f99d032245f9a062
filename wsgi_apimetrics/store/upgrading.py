"""Bringing a store of an older version up to date, where nobody writes to it who would do so."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from . import sealing
from .connection import checkpointing, open_for_writing, translated
from .pace import rest
from .schema import APPLICATION_ID, VERSION


def is_older(path: Path) -> bool:
    """Whether there is a store of ours at ``path`` that is of an older version."""
    if not path.is_file():
        return False
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            application, version = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version")
            )
    except sqlite3.DatabaseError:  # whoever opens it says what is wrong
        return False
    return bool(application == APPLICATION_ID and 0 < version < VERSION)


def bring_up_to_date(path: Path) -> None:
    """Change the tables of the store at ``path`` to those of this version, and seal its blocks.

    Raises:
        StoreError: it is not ours, damaged, of a newer version, or may not be written.
        sqlite3.OperationalError: it is locked, or the disk is full.
    """
    connection = open_for_writing(path)
    with contextlib.closing(connection), translated(path), checkpointing(connection):
        while sealing.seal_next(connection):
            rest()
