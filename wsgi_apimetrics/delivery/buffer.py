"""What was captured and not yet worked on: the request thread appends, the worker takes.

An append is one short locked step that never waits for anything else. Past a bound the
oldest is dropped and counted. The bell is rung only when the worker has said that it wants
to be woken, so that a request costs no system call.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque

from ..stats import DropReason
from .ledger import Ledger
from .submission import Captured

NEVER = sys.maxsize


class Buffer:
    """Captured exchanges in order, at most ``max_exchanges`` and ``max_bytes`` of them."""

    __slots__ = (
        "_bell", "_items", "_ledger", "_max_bytes", "_max_exchanges", "_ring_at", "_ring_at_bytes",
        "since",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, max_exchanges: int, max_bytes: int) -> None:
        self._ledger = ledger
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._items: deque[Captured] = deque()
        self._bell = threading.Event()
        self._ring_at = NEVER
        self._ring_at_bytes = NEVER
        self.since = 0.0
        """When the oldest exchange came, or when some were last taken (monotonic seconds)."""

    def append(self, captured: Captured) -> None:
        """Add one; drops the oldest while there are too many."""
        ledger = self._ledger
        with ledger.lock:
            if ledger.closed:
                ledger.turn_away(DropReason.SHUTDOWN)
                return
            ledger.submitted += 1
            ledger.waiting += 1
            ledger.waiting_bytes += captured.cost
            self._items.append(captured)
            if ledger.waiting == 1:
                self.since = time.monotonic()
            elif (
                ledger.waiting + ledger.in_hand > self._max_exchanges
                or ledger.waiting_bytes + ledger.in_hand_bytes > self._max_bytes
            ):
                self._drop_oldest()
            ring = ledger.waiting >= self._ring_at or ledger.waiting_bytes >= self._ring_at_bytes
            if ring:
                self._ring_at = self._ring_at_bytes = NEVER
        if ring:
            self._bell.set()

    def take(self, most: int, most_bytes: int) -> list[Captured]:
        """Take the oldest, at least one if there is any; they count as in hand from now on."""
        ledger, items = self._ledger, self._items
        taken: list[Captured] = []
        cost = 0
        with ledger.lock:
            while items and len(taken) < most:
                cost += items[0].cost
                if taken and cost > most_bytes:
                    cost -= items[0].cost
                    break
                taken.append(items.popleft())
            ledger.waiting -= len(taken)
            ledger.waiting_bytes -= cost
            ledger.in_hand += len(taken)
            ledger.in_hand_bytes += cost
            self.since = time.monotonic()
        return taken

    def clear(self) -> None:
        """Let go of what waits; :meth:`Ledger.close` has counted it."""
        self._items.clear()

    def ring(self) -> None:
        """Wake the worker."""
        self._bell.set()

    def sleep(self, seconds: float | None, until: int, until_bytes: int) -> None:
        """Wait for the bell; it is rung at ``until`` exchanges or at ``until_bytes``."""
        ledger = self._ledger
        with ledger.lock:
            if ledger.waiting >= until or ledger.waiting_bytes >= until_bytes:
                return
            self._ring_at, self._ring_at_bytes = until, until_bytes
        self._bell.wait(seconds)
        self._bell.clear()
        with ledger.lock:
            self._ring_at = self._ring_at_bytes = NEVER

    def _drop_oldest(self) -> None:
        ledger = self._ledger
        dropped = 0
        while len(self._items) > 1 and (
            ledger.waiting + ledger.in_hand > self._max_exchanges
            or ledger.waiting_bytes + ledger.in_hand_bytes > self._max_bytes
        ):
            ledger.waiting -= 1
            ledger.waiting_bytes -= self._items.popleft().cost
            dropped += 1
        ledger.dropped[DropReason.QUEUE_FULL.value] += dropped
