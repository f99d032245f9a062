"""Where each captured exchange is: the one account that the conservation law is read from.

Every move (taken from the buffer, spooled, delivered, dropped) is one locked step here, so
that the law of :mod:`wsgi_apimetrics.stats` holds at any moment, not only when all is quiet.
The lock is reentrant: a signal handler or a finaliser may run in the middle of a step.
"""

from __future__ import annotations

import threading
from collections import Counter

from ..stats import BackendStats, DropReason


class Ledger:
    """The counts of one backend in one process.

    Attributes:
        closed: Whether the process's end has been counted.
        lock: Guards the account and the buffer.
        settled: Notified whenever something has left.
        submitted: Exchanges put into the buffer, ever.
        waiting: Exchanges in the buffer; ``waiting_bytes`` their cost.
        in_hand: Exchanges taken from the buffer that are in memory still.
        spooled: Exchanges of this process that are on disk.
        cleared: How many of the submitted had been taken when last none was in hand: all of
            those have left.
    """

    def __init__(self) -> None:
        self.closed = False
        self.lock = threading.RLock()
        self.settled = threading.Condition(self.lock)
        self.submitted = self.waiting = self.waiting_bytes = 0
        self.in_hand = self.in_hand_bytes = self.spooled = self.cleared = 0
        self.adopted = self.turned_away = 0
        self.delivered = self.retried = self.dead_lettered = 0
        self.dropped: Counter[str] = Counter()
        self.omitted_bodies: Counter[str] = Counter()
        self.last_success: float | None = None
        self.last_error: str | None = None
        self.last_error_at: float | None = None

    def turn_away(self, reason: DropReason) -> None:
        """Count an exchange that was captured and never submitted."""
        with self.lock:
            self.turned_away += 1
            self.dropped[reason.value] += 1

    def drop_in_hand(self, reason: DropReason, cost: int, amount: int = 1) -> None:
        """Count exchanges in hand that are given up."""
        with self.lock:
            if self.release(amount, cost):
                self.dropped[reason.value] += amount

    def release(self, amount: int, cost: int) -> bool:
        """Take exchanges out of hand; the caller says in the same locked step where they went.

        ``False``: the account is closed, they have been counted already.
        """
        if self.closed:
            return False
        self.in_hand -= amount
        self.in_hand_bytes -= cost
        self._clear()
        return True

    def leave_spool(self, amount: int) -> None:
        """Take exchanges off the disk; the caller says in the same step where they went."""
        self.spooled -= amount
        self._clear()

    def left(self) -> int:
        """How many of the submitted are here no more, if what was adopted goes before them."""
        return self.submitted - self.waiting - self.in_hand - self.spooled

    def close(self) -> None:
        """Count what is still in memory as given up; later moves change nothing."""
        with self.lock:
            if not self.closed:
                left = self.waiting + self.in_hand
                if left:
                    self.dropped[DropReason.SHUTDOWN.value] += left
                self.waiting = self.waiting_bytes = self.in_hand = self.in_hand_bytes = 0
                self.closed = True
                self._clear()

    def fail(self, error: str, when: float) -> None:
        """Remember the last error."""
        with self.lock:
            self.last_error = error
            self.last_error_at = when

    def _clear(self) -> None:
        if not self.in_hand and not self.spooled:
            self.cleared = self.submitted - self.waiting
        self.settled.notify_all()

    def read(self) -> BackendStats:
        """Return the account at this moment."""
        with self.lock:
            return BackendStats(
                captured=self.submitted + self.turned_away,
                delivered=self.delivered,
                retried=self.retried,
                spooled=self.spooled,
                adopted=self.adopted,
                dead_lettered=self.dead_lettered,
                dropped=dict(self.dropped),
                omitted_bodies=dict(self.omitted_bodies),
                queue_depth=self.waiting + self.in_hand,
                queue_bytes=self.waiting_bytes + self.in_hand_bytes,
                last_success=self.last_success,
                last_error=self.last_error,
                last_error_at=self.last_error_at,
            )
