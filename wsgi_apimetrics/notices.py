"""Log lines that a busy server can bear: each cause at most once a minute.

The telemetry can never break the app, so its failures have no caller to go to: they end up here.
A line names whom it is about and what to do, never a key, a header's value or a body.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

LOGGER = logging.getLogger("wsgi_apimetrics")

QUIET_SECONDS = 60.0


class Notices:
    """The log lines about one thing; one that is repeated too soon is counted, not written.

    There is no lock, for a fork could leave it held for ever: of two threads at the same moment
    both may write a line.

    Args:
        name: What the lines are about: a backend, the middleware. Every line begins with it.
        clock: Tells the seconds.
    """

    __slots__ = ("_clock", "_held_back", "_last", "_name")

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._last: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def warn(self, cause: str, text: str, *values: object) -> None:
        """Write ``text % values`` unless a line of this ``cause`` was written a moment ago."""
        self._write(cause, QUIET_SECONDS, text, values)

    def once(self, cause: str, text: str, *values: object) -> None:
        """Write ``text % values`` the first time only."""
        self._write(cause, math.inf, text, values)

    def failed(self, step: str, error: BaseException) -> None:
        """Tell of a failure of ours in ``step``: the error's type and place, not its message."""
        place, trace = "", error.__traceback__
        while trace is not None:
            place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        kind = type(error).__name__
        self.warn(step, "capture failed in %s: %s%s; requests go on", step, kind, place)

    def _write(self, cause: str, quiet: float, text: str, values: tuple[object, ...]) -> None:
        now = self._clock()
        if now - self._last.get(cause, -math.inf) < quiet:
            self._held_back[cause] = self._held_back.get(cause, 0) + 1
            return
        self._last[cause] = now
        again = self._held_back.pop(cause, 0)
        more = f" ({again} more such lines were held back)" if again else ""
        LOGGER.warning(f"%s: {text}%s", self._name, *values, more)  # noqa: G004 - a constant
