"""The local store: redacted exchanges in one SQLite file.

Several processes write (:class:`Writer`) while others read (:class:`Store`); neither waits
for the other longer than it must (WAL). The file is the user's own (0600), bounded in age and
size, and refused and left alone when it is not ours, damaged, or of a newer version.
"""

from __future__ import annotations

from ..exceptions import StoreError
from .conditions import Filter
from .location import default_path
from .overview import Overview
from .reader import Page, Store
from .rows import Summary
from .writer import Limits, Writer

__all__ = [
    "Filter",
    "Limits",
    "Overview",
    "Page",
    "Store",
    "StoreError",
    "Summary",
    "Writer",
    "default_path",
]
