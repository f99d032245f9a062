"""The guard around the observing of outgoing calls: the call goes on, whatever fails here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..notices import Notices

T = TypeVar("T")

_NOTICES = Notices("outgoing call")


def guarded(step: str, function: Callable[[], T]) -> T | None:
    """Return what ``function`` returns; ``None``, and a line in the log, if it raises."""
    try:
        return function()
    except Exception as error:
        _NOTICES.failed(step, error)
        return None
