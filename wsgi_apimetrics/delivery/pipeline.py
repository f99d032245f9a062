"""One backend's way from the buffer to the wire, in one process, without a thread of its own.

Whoever calls :meth:`Pipeline.turn` does the work: the worker, or the request's own thread
where the user wants no worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..payload import Pack, Transport
from .buffer import NEVER, Buffer
from .ledger import Ledger
from .notices import Notices
from .policy import BatchLimits, DeliveryPolicy
from .preparing import Prepare, Preparer
from .retry import RetryTable
from .sender import Sender
from .stock import MemoryStock, Stock


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backend's delivery is made of; the same in every process."""

    name: str
    prepare: Prepare
    pack: Pack
    open_transport: Callable[[], Transport]
    policy: DeliveryPolicy
    limits: BatchLimits
    retries: RetryTable


class Pipeline:
    """Buffer, preparer, stock and sender of one process, and when each has something to do."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ledger = Ledger()
        self.buffer = Buffer(self.ledger, plan.policy.max_queue_size, plan.policy.max_queue_bytes)
        notices = Notices(plan.name)
        preparer = Preparer(plan.prepare, plan.limits, self.ledger, notices)
        self._preparer = preparer
        self._stock: Stock = MemoryStock(self.ledger)
        self._sender = Sender(
            open_transport=plan.open_transport,
            pack=plan.pack,
            retries=plan.retries,
            stock=self._stock,
            shrunk=preparer.shrunk,
            ledger=self.ledger,
            notices=notices,
        )
        self._enough = min(plan.policy.buffer_length, plan.limits.max_exchanges)
        self.hurry = 0
        """How many callers wait for everything to be sent: nothing is gathered meanwhile."""

    def due_in(self) -> float | None:
        """Return the seconds until there is something to do, ``None`` if there is nothing."""
        now = time.monotonic()
        due = self._due(now)
        return None if due is None else max(0.0, due - now, self._sender.not_before - now)

    def turn(self) -> None:
        """Prepare a batch if none is on its way, and send one payload."""
        limits = self.plan.limits
        if not self._sender.busy:
            if self._stock.has_room():
                taken = self.buffer.take(limits.max_exchanges, limits.max_bytes)
                self._stock.put(self._preparer.prepare(taken))
            self._sender.load(self._stock.take(limits))
        if self._sender.busy:
            self._sender.step()

    def rest(self, seconds: float | None) -> None:
        """Sleep for ``seconds``, or until there may be something to do before that."""
        busy = self._sender.busy or self.ledger.waiting >= self._enough
        if busy:
            self.buffer.sleep(seconds, NEVER, NEVER)
        elif seconds is None:
            self.buffer.sleep(None, 1, NEVER)
        else:
            self.buffer.sleep(seconds, self._enough, self.plan.limits.max_bytes)

    def hasten(self) -> None:
        """End a back-off, for there will be no later."""
        self._sender.hasten()

    def close(self) -> None:
        """Let go of the connection and of files."""
        self._sender.close()
        self._stock.close()

    def _due(self, now: float) -> float | None:
        if self._sender.busy or self._stock.depth():
            return now
        waiting = self.ledger.waiting
        if not waiting:
            return None
        full = self.ledger.waiting_bytes >= self.plan.limits.max_bytes
        if self.hurry or full or waiting >= self._enough:
            return now
        return self.buffer.since + self.plan.policy.flush_interval_seconds
