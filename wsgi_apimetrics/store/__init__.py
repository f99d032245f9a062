"""The local store: redacted exchanges in one SQLite file.

Several processes write (:class:`Writer`) while others read (:class:`Store`); neither waits
for the other longer than it must (WAL). The file is the user's own (0600), bounded in age and
size, and refused and left alone when it is not ours, damaged, or of a newer version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..exceptions import StoreError
from ..later import later
from .location import default_path

if TYPE_CHECKING:
    from .conditions import Filter
    from .overview import Overview
    from .paging import Page
    from .reader import Store
    from .rows import Summary
    from .writer import Limits, Writer
else:  # what reads and writes brings SQLite along: an app that starts does not need it yet
    __getattr__ = later(
        __name__,
        {
            "Filter": "conditions",
            "Limits": "writer",
            "Overview": "overview",
            "Page": "paging",
            "Store": "reader",
            "Summary": "rows",
            "Writer": "writer",
        },
    )

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


def __dir__() -> list[str]:
    return __all__
