"""One backend's way from the buffer to the wire, in one process, without a thread of its own.

Two stations: :meth:`Pipeline.gather` prepares what was captured and puts it into the stock,
:meth:`Pipeline.dispatch` sends from the stock. Whoever calls them does the work: one thread
both, or two threads where there is a spool, so that a backend that hangs does not keep the
captured from the disk, or the request's own thread where the user wants no worker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ..notices import Notices
from .buffer import NEVER, Buffer
from .courtesy import Courtesy
from .ledger import Ledger
from .policy import BatchLimits, DeliveryPolicy
from .preparing import Prepare, Preparer
from .retry import RetryTable
from .sender import Sender
from .stock import MemoryStock, Stock
from .submission import Captured

if TYPE_CHECKING:
    from ..payload import Pack, Transport

LINGER_SECONDS = 0.02
"""How long a captured exchange may wait for others before they go to disk in one commit."""

MOST_IN_A_COMMIT = 32


class Plan(NamedTuple):
    """What a backend's delivery is made of; the same in every process."""

    name: str
    prepare: Prepare
    pack: Pack
    open_transport: Callable[[], Transport]
    policy: DeliveryPolicy
    limits: BatchLimits
    retries: RetryTable
    destination: str = ""

    def __repr__(self) -> str:
        """Without the destination, which holds keys."""
        return f"Plan({self.name!r})"

    @property
    def spooling(self) -> bool:
        """Whether there is a spool."""
        return self.policy.spool_dir is not None

    def stock(self, ledger: Ledger, notices: Notices) -> Stock:
        """Make the stock; nothing is opened yet."""
        directory = self.policy.spool_dir
        if directory is None:
            return MemoryStock(ledger)
        return spooler()(directory, self.name, self.destination, self.policy, ledger, notices)


@cache
def spooler() -> Callable[[str, str, str, DeliveryPolicy, Ledger, Notices], Stock]:
    """Return what makes a stock on disk; only the first call imports it, and sqlite3 with it."""
    from .spool_stock import spool_stock

    return spool_stock


class Pipeline:
    """Buffer, preparer, stock and sender of one process, and when each has something to do."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.ledger = Ledger()
        self.buffer = Buffer(self.ledger, plan.policy.max_queue_size, plan.policy.max_queue_bytes)
        notices = Notices(plan.name)
        courtesy = Courtesy(self.ledger, plan.policy, self._hurries)
        self._preparer = Preparer(
            plan.prepare,
            plan.limits,
            self.ledger,
            notices,
            courtesy.groups if plan.policy.background_worker_mode else _all_at_once,
        )
        self._stock = plan.stock(self.ledger, notices)
        self._sender = Sender(
            open_transport=plan.open_transport,
            pack=plan.pack,
            retries=plan.retries,
            stock=self._stock,
            shrunk=self._preparer.shrunk,
            ledger=self.ledger,
            notices=notices,
        )
        self._enough = min(plan.policy.buffer_length, plan.limits.max_exchanges)
        self._linger = LINGER_SECONDS if plan.policy.background_worker_mode else 0.0
        self._stocked_at = 0.0
        self.stocked = threading.Event()
        """Set when there is something for whoever sends from the spool."""
        self.hurry = 0
        """How many callers wait for everything to be sent: nothing is gathered meanwhile."""
        self.hurry_up_to = 0
        """How many of the submitted are to be sent without gathering."""

    # -- from the buffer to the stock ---------------------------------------------------------

    def gather_due_in(self) -> float | None:
        """Return the seconds until :meth:`gather` has something to do, ``None`` for never."""
        now = time.monotonic()
        if not self._stock.has_room():
            return self._stock.due_in(now)
        if not self.ledger.waiting:
            return None
        if self._hurries():
            return 0.0
        return max(0.0, self.buffer.since + self._linger - now)

    def gather(self) -> None:
        """Prepare some of what was captured, and write it to the spool in one commit."""
        self._stock.spill()
        if not self._stock.has_room():
            return
        before = self._stock.depth()
        taken = self.buffer.take(MOST_IN_A_COMMIT, self._plan.limits.max_bytes)
        if not before:
            self._stocked_at = time.monotonic()  # first: whoever sees the stock sees since when
        self._stock.put(self._preparer.prepare(taken))
        if not before or self._hurries() or self._stock.depth() >= self._enough:
            self.stocked.set()

    # -- from the stock to the wire -----------------------------------------------------------

    def dispatch_due_in(self) -> float | None:
        """Return the seconds until :meth:`dispatch` has something to do, ``None`` for never."""
        now = time.monotonic()
        house = self._stock.due_in(now)
        if not self._sender.busy and not self._stock.depth():
            return house
        due = self._due_from_stock(now)
        return max(0.0, due if house is None else min(due, house))

    def _due_from_stock(self, now: float) -> float:
        if self._sender.busy or self._hurries() or self._stock.depth() >= self._enough:
            return self._sender.not_before - now
        return self._stocked_at + self._plan.policy.flush_interval_seconds - now

    def dispatch(self) -> None:
        """Look after the stock, and send one payload if it is time."""
        if not self._stock.refresh() or self._stock.reclaim(self._sender.pieces()):
            self._sender.unload()
        now = time.monotonic()
        if self._sender.not_before > now:
            return
        if not self._sender.busy:
            if self._plan.spooling and self._due_from_stock(now) > 0:
                return  # it was the spool alone that wanted something
            self._sender.load(self._stock.take(self._plan.limits))
            self._stocked_at = time.monotonic()
        if self._sender.busy:
            self._sender.step()

    # -- both ---------------------------------------------------------------------------------

    def due_in(self) -> float | None:
        """Return the seconds until there is something to do, ``None`` if there is nothing."""
        if self._plan.spooling:
            dues = [
                due for due in (self.gather_due_in(), self.dispatch_due_in()) if due is not None
            ]
            return min(dues, default=None)
        now = time.monotonic()
        due = self._due(now)
        return None if due is None else max(0.0, due - now, self._sender.not_before - now)

    def turn(self) -> None:
        """Do what is due: prepare a batch if none is on its way, and send one payload."""
        if self._plan.spooling:
            if self.gather_due_in() == 0.0:
                self.gather()
            if self.dispatch_due_in() == 0.0:
                self.dispatch()
            return
        limits = self._plan.limits
        if not self._sender.busy:
            taken = self.buffer.take(limits.max_exchanges, limits.max_bytes)
            self._stock.put(self._preparer.prepare(taken))
        self.dispatch()

    def rest(self, seconds: float | None) -> None:
        """Sleep for ``seconds``, or until there may be something to do before that."""
        if seconds is None:
            self.buffer.sleep(None, 1, NEVER)
        elif self._plan.spooling or self._sender.busy or self.ledger.waiting >= self._enough:
            self.buffer.sleep(seconds, NEVER, NEVER)
        else:
            self.buffer.sleep(seconds, self._enough, self._plan.limits.max_bytes)

    def rest_for_stock(self, seconds: float | None) -> None:
        """Sleep for ``seconds``, or until there is something in the spool."""
        self.stocked.wait(seconds)
        self.stocked.clear()

    def wake(self) -> None:
        """Have everyone look again."""
        self.buffer.ring()
        self.stocked.set()

    def is_sent_up_to(self, submitted: int) -> bool:
        """Whether none of the first ``submitted`` is here any more.

        From a spool they leave in order, so that so many must have left; in memory the oldest
        waiting may be dropped while a batch is on its way, so that one must be seen empty.
        """
        ledger = self.ledger
        return ledger.cleared >= submitted or (self._plan.spooling and ledger.left() >= submitted)

    def hasten(self) -> None:
        """End a back-off, for there will be no later."""
        self._sender.hasten()

    def close(self) -> None:
        """Let go of the connection and of files."""
        self._sender.close()
        self._stock.close()

    def forget(self) -> None:
        """In a child: let go of the parent's queue, and of its claim on the spool."""
        self.buffer.clear()
        self._stock.forget()

    def release(self) -> None:
        """Let go of files; the connection is whoever's who may be waiting on it."""
        self._stock.close()

    def _hurries(self) -> bool:
        ledger = self.ledger
        return self.hurry > 0 or ledger.left() < self.hurry_up_to

    def _due(self, now: float) -> float | None:
        if self._sender.busy or self._stock.depth():
            return now
        waiting = self.ledger.waiting
        if not waiting:
            return None
        full = self.ledger.waiting_bytes >= self._plan.limits.max_bytes
        if self._hurries() or full or waiting >= self._enough:
            return now
        return self.buffer.since + self._plan.policy.flush_interval_seconds


def _all_at_once(batch: Sequence[Captured]) -> list[Sequence[Captured]]:
    """Without a worker it is the request's own thread that works: it has nobody to give way to."""
    return [batch]
