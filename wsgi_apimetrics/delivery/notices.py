"""Log lines that a busy server can bear: each cause at most once a minute.

A line names the backend and what to do about it, never a key and never a body.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LOGGER = logging.getLogger("wsgi_apimetrics")

QUIET_SECONDS = 60.0


class Notices:
    """The log lines of one backend; one that is repeated too soon is counted, not written."""

    __slots__ = ("_clock", "_held_back", "_last", "_name")

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._last: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def warn(self, cause: str, text: str, *values: object) -> None:
        """Write ``text % values`` unless a line of this ``cause`` was written a moment ago."""
        now = self._clock()
        if now - self._last.get(cause, -QUIET_SECONDS) < QUIET_SECONDS:
            self._held_back[cause] = self._held_back.get(cause, 0) + 1
            return
        self._last[cause] = now
        again = self._held_back.pop(cause, 0)
        more = f" ({again} more such lines were held back)" if again else ""
        LOGGER.warning(f"%s: {text}%s", self._name, *values, more)  # noqa: G004 - a constant
