"""One backend's delivery, as the recorder sees it: submit, flush, shut down, count.

Nothing starts when it is made. Each process that submits gets a worker of its own: a process
is known by its id alone, for after a fork without hooks (uWSGI) a thread that is gone still
says that it is alive. What the parent had queued is the parent's to send, and no lock of the
parent's is ever taken: the thread that held it does not exist here.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..stats import BackendStats, DropReason
from .exits import shut_down_at_exit
from .pipeline import Plan
from .policy import BatchLimits, DeliveryPolicy
from .preparing import Prepare
from .retry import RetryTable
from .submission import Captured
from .worker import Worker

if TYPE_CHECKING:
    from ..payload import Pack, Transport


class BatchProcessor:
    """Takes captured exchanges on any thread, and sees to it that they arrive or are counted.

    Args:
        name: The backend's name in log lines and statistics.
        prepare: Redacts and encodes some exchanges, on the worker; one that comes out as an
            :class:`~wsgi_apimetrics.exceptions.ExchangeDropped` is given up.
        pack: Joins fragments to a payload.
        open_transport: Makes the transport, on the worker; called again after a fork.
        policy: The options.
        limits: How much one payload may carry.
        retries: What to do about each outcome.
        destination: Whatever must be the same for a spooled exchange to be sent: address,
            account, format. Only a digest of it is kept.
    """

    def __init__(
        self,
        name: str,
        prepare: Prepare,
        pack: Pack,
        open_transport: Callable[[], Transport],
        policy: DeliveryPolicy,
        limits: BatchLimits,
        retries: RetryTable,
        destination: str = "",
    ) -> None:
        self._plan = Plan(name, prepare, pack, open_transport, policy, limits, retries, destination)
        self._workers: dict[int, Worker] = {}
        self._worker: Worker | None = None
        weakref.finalize(self, _abandon, self._workers).atexit = False

    def submit(self, captured: Captured) -> None:
        """Take ``captured`` on: one bounded append that waits for nothing.

        Without a worker (``background_worker_mode=False``) a full batch is sent before this
        returns, in one attempt.
        """
        worker = self._worker
        if worker is None or worker.pid != os.getpid():
            worker = self._begin()
        worker.submit(captured)

    def drop(self, reason: DropReason) -> None:
        """Count an exchange that was captured, and that this backend is not to have."""
        worker = self._here() or self._begin()
        worker.pipeline.ledger.turn_away(reason)

    def note_omitted_body(self, reason: str) -> None:
        """Count a body that was left out of an exchange, which is sent all the same."""
        ledger = (self._here() or self._begin()).pipeline.ledger
        with ledger.lock:
            ledger.omitted_bodies[reason] += 1

    def hurry(self) -> None:
        """Begin to send what is waiting, without waiting for it: before several are flushed."""
        worker = self._here()
        if worker is not None:
            worker.nudge()

    def flush(self, timeout: float) -> bool:
        """Send what was submitted before, within ``timeout`` seconds.

        Returns:
            Whether none of it waits any more. What was given up on the way is in
            :meth:`stats`. ``False`` may come early: when there is nothing to try in time.
        """
        worker = self._here()
        return worker is None or worker.flush(timeout)

    def shutdown(self, timeout: float) -> bool:
        """Flush, and take nothing more in this process; the rest is spooled or counted.

        May be called again; says each time whether all went out.
        """
        worker = self._here()
        return worker is None or worker.shutdown(timeout)

    def stats(self) -> BackendStats:
        """Return the counts of this process."""
        worker = self._here()
        return worker.pipeline.ledger.read() if worker is not None else BackendStats()

    def _here(self) -> Worker | None:
        worker = self._worker
        return worker if worker is not None and worker.pid == os.getpid() else None

    def _begin(self) -> Worker:
        """Return this process's worker; made without a lock, for one may be inherited held."""
        worker = self._workers.setdefault(os.getpid(), Worker(self._plan))
        shut_down_at_exit(worker)
        self._worker = worker
        return worker


def _abandon(workers: dict[int, Worker]) -> None:
    """The processor is gone: its worker sends what it has, then ends."""
    worker = workers.get(os.getpid())
    if worker is not None:
        worker.retire()
