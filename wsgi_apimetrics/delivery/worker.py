"""The thread that works for one backend in one process, and how it is waited for.

Nothing starts when it is made: the thread starts at the first exchange. It is a daemon, so
that a backend that hangs cannot hold up the end of the process; it is stopped by a deadline,
and what it has not sent by then is counted.
"""

from __future__ import annotations

import os
import threading
import time

from ..stats import DropReason
from .exits import has_ended
from .guard import attempt
from .notices import LOGGER
from .pipeline import Pipeline, Plan
from .submission import Captured

_PAUSE_AFTER_FAULT = 1.0
_LOOK_AGAIN = 0.05


class Worker:
    """One backend's delivery in the process that made it; another process makes its own."""

    def __init__(self, plan: Plan) -> None:
        self.pid = os.getpid()
        self.plan = plan
        self.pipeline = Pipeline(plan)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._turning = threading.Lock()
        self._hurried = False
        self._retired = False
        self.shutdown_timeout = plan.policy.shutdown_timeout

    def submit(self, captured: Captured) -> None:
        """Append ``captured``; the first one starts the thread."""
        self.pipeline.buffer.append(captured)
        if self._thread is None:
            self._begin()

    def flush(self, timeout: float) -> bool:
        """Send what was submitted before; say whether none of it waits any more."""
        pipeline, ledger = self.pipeline, self.pipeline.ledger
        if self._thread is threading.current_thread():
            return False  # a hook that waits for itself
        with ledger.lock:
            target = ledger.submitted
            pipeline.hurry += 1
        pipeline.buffer.ring()
        try:
            return self._settle(target, time.monotonic() + timeout)
        finally:
            with ledger.lock:
                pipeline.hurry -= 1

    def hurry(self) -> None:
        """Begin to shut down: everything goes out now, a back-off ends."""
        if not self._hurried:
            self._hurried = True
            with self.pipeline.ledger.lock:
                self.pipeline.hurry += 1
            self.pipeline.hasten()
            self.pipeline.buffer.ring()

    def shutdown(self, timeout: float) -> bool:
        """Flush, then end; what is left is counted. Says whether all went out, also later."""
        ledger = self.pipeline.ledger
        if not ledger.closed:
            self.hurry()
            self.flush(timeout)
            ledger.close()
            self.pipeline.buffer.clear()
            self.pipeline.buffer.ring()
            has_ended(self)
        return not ledger.dropped[DropReason.SHUTDOWN.value]

    def retire(self) -> None:
        """Send what is left, then end; nobody can submit any more."""
        self._retired = True
        self.hurry()

    def forget(self) -> None:
        """Let go of the queue of another process."""
        self.pipeline.buffer.clear()

    def _settle(self, target: int, deadline: float) -> bool:
        ledger, pipeline = self.pipeline.ledger, self.pipeline
        while True:
            with ledger.lock:
                if ledger.cleared >= target:
                    return True
            left = deadline - time.monotonic()
            due = pipeline.due_in()
            hopeless = (due is None or due > left) and not self._turning.locked()
            if left <= 0 or hopeless:
                return False
            if self._thread is None:
                time.sleep(due or 0.0)
                self._turn()
            else:
                with ledger.lock:
                    ledger.settled.wait(min(left, _LOOK_AGAIN))

    def _begin(self) -> None:
        if not self.plan.policy.background_worker_mode:
            self._turn()
            return
        with self._starting:
            if self._thread is not None:
                return
            name = f"wsgi_apimetrics-{self.plan.name}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads, or the interpreter is ending
                return
            self._thread = thread

    def _turn(self) -> None:
        """Do what is due, on this thread."""
        if self._turning.acquire(timeout=self.plan.policy.timeout):
            try:
                if self.pipeline.due_in() == 0.0:
                    self.pipeline.turn()
            finally:
                self._turning.release()

    def _run(self) -> None:
        while not self.pipeline.ledger.closed:
            due = self.pipeline.due_in()
            if due is None and self._retired:
                self.shutdown(0.0)
                break
            if due != 0.0:
                self.pipeline.rest(due)
                continue
            fault = attempt(self._turn)
            if fault is not None:
                LOGGER.error("%s: %s in the worker", self.plan.name, type(fault).__name__)
                time.sleep(_PAUSE_AFTER_FAULT)
        self.pipeline.close()
