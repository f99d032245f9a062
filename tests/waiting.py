"""Waiting for what another thread or process does: as long as it takes, and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def in_time(check: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return what ``check`` returns once that is true, or what it returned last, too late."""
    deadline = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return found


def until(check: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return what ``check`` returns once that is true; fail after so many ``seconds``."""
    found = in_time(check, seconds)
    assert found, f"not within {seconds} s"
    return found
