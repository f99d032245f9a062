"""Where everything that fails inside the telemetry ends up: counted, and logged now and then.

The telemetry can never break the app, so its failures have no caller to go to. Each cause is
logged at most once a minute, with how often it came in between; no log line holds a key, a
header's value or a body.
"""

from __future__ import annotations

import logging
import threading
import time

logger = logging.getLogger("wsgi_apimetrics")

INTERVAL_SECONDS = 60.0


class Guard:
    """Counts failures by step and logs each cause at most once a minute."""

    def __init__(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._interval = interval_seconds
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def failed(self, step: str, error: BaseException) -> None:
        """Count a failure of ours in ``step``; the error's type and place are logged."""
        place = ""
        if error.__traceback__ is not None:
            last = error.__traceback__
            while last.tb_next is not None:
                last = last.tb_next
            place = f" at {last.tb_frame.f_code.co_filename}:{last.tb_lineno}"
        self.warn(step, f"capture failed in {step}: {type(error).__name__}{place}")

    def warn(self, cause: str, text: str) -> None:
        """Count ``cause`` and log ``text``, unless it was logged less than a minute ago."""
        now = time.monotonic()
        with self._lock:
            count = self.counts[cause] = self.counts.get(cause, 0) + 1
            if now < self._due.get(cause, 0.0):
                return
            self._due[cause] = now + self._interval
        logger.warning("%s (%d so far; requests go on)", text, count)

    def once(self, cause: str, text: str) -> None:
        """Log ``text`` the first time only."""
        with self._lock:
            first = cause not in self.counts
            self.counts[cause] = self.counts.get(cause, 0) + 1
        if first:
            logger.warning("%s", text)
