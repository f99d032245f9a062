"""The threads that work for one backend in one process, and how they are waited for.

Nothing starts when it is made: the thread starts at the first exchange; with a spool there are
two, one that writes and one that sends. They are daemons, so that a backend that hangs cannot
hold up the end of the process; they are stopped by a deadline, and what has not been sent by
then is in the spool or counted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

from ..notices import LOGGER
from ..stats import DropReason
from .exits import has_ended
from .guard import attempt
from .pipeline import Pipeline, Plan
from .submission import Captured

_PAUSE_AFTER_FAULT = 1.0
_LOOK_AGAIN = 0.05


class Worker:
    """One backend's delivery in the process that made it; another process makes its own."""

    def __init__(self, plan: Plan) -> None:
        self.pid = os.getpid()
        self.shutdown_timeout = plan.policy.shutdown_timeout
        self.pipeline = Pipeline(plan)
        self._plan = plan
        self._threads: tuple[threading.Thread, ...] = ()
        self._starting = threading.Lock()
        self._sending = threading.Lock()
        self._hurried = False
        self._retired = False

    def submit(self, captured: Captured) -> None:
        """Append ``captured``; the first one starts the threads."""
        self.pipeline.buffer.append(captured)
        if not self._threads:
            self._begin()

    def flush(self, timeout: float) -> bool:
        """Send what was submitted before; say whether none of it waits any more."""
        pipeline, ledger = self.pipeline, self.pipeline.ledger
        if threading.current_thread() in self._threads:
            return False  # a hook that waits for itself
        with ledger.lock:
            target = ledger.submitted
            pipeline.hurry += 1
        pipeline.wake()
        try:
            return self._settle(target, time.monotonic() + timeout)
        finally:
            with ledger.lock:
                pipeline.hurry -= 1

    def nudge(self) -> None:
        """Have everything sent that has been submitted so far."""
        self.pipeline.hurry_up_to = self.pipeline.ledger.submitted
        self.pipeline.wake()

    def hurry(self) -> None:
        """Begin to shut down: everything goes out now, a back-off ends."""
        if not self._hurried:
            self._hurried = True
            with self.pipeline.ledger.lock:
                self.pipeline.hurry += 1
            self.pipeline.hasten()
            self.pipeline.wake()

    def shutdown(self, timeout: float) -> bool:
        """Flush, then end; what is left is counted. Says whether all went out, also later."""
        ledger = self.pipeline.ledger
        if not ledger.closed:
            self.hurry()
            self.flush(timeout)
            ledger.close()
            self.pipeline.buffer.clear()
            self.pipeline.release()
            self.pipeline.wake()
            self._say_what_was_dropped()
            has_ended(self)
        return not ledger.spooled and not ledger.dropped[DropReason.SHUTDOWN.value]

    def retire(self) -> None:
        """Send what is left, then end; nobody can submit any more."""
        self._retired = True
        self.hurry()

    def forget(self) -> None:
        """Let go of the queue of another process."""
        self.pipeline.forget()

    # -- waiting ------------------------------------------------------------------------------

    def _settle(self, target: int, deadline: float) -> bool:
        ledger, pipeline = self.pipeline.ledger, self.pipeline
        while True:
            with ledger.lock:
                if pipeline.is_sent_up_to(target):
                    return True
            left = deadline - time.monotonic()
            if left <= 0 or self._is_hopeless(left):
                return False
            if not self._threads:
                time.sleep(pipeline.due_in() or 0.0)
                self._send(pipeline.turn)
            else:
                with ledger.lock:
                    ledger.settled.wait(min(left, _LOOK_AGAIN))

    def _is_hopeless(self, left: float) -> bool:
        """Whether nothing will be tried within the time that is left."""
        if self._sending.locked() or (self._plan.spooling and self.pipeline.ledger.in_hand):
            return False
        due = self.pipeline.due_in()
        return due is None or due > left

    def _say_what_was_dropped(self) -> None:
        dropped = self.pipeline.ledger.dropped
        if any(not DropReason(reason).was_asked_for for reason in +dropped):
            LOGGER.warning("%s: at the end of the process: %s", self._plan.name, self.summary())

    def summary(self) -> str:
        """Return the counts as one line of text."""
        return self.pipeline.ledger.read().summary()

    # -- working ------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._plan.policy.background_worker_mode:
            self._send(self._turn_if_due)
            return
        if sys.is_finalizing():
            # Up to Python 3.11, start() would wait for ever for a thread that never runs.
            return  # pragma: no cover - coverage has ended by then: test_end_of_interpreter
        with self._starting:
            if self._threads:
                return
            threads = self._made()
            try:
                for thread in threads:
                    thread.start()
            except RuntimeError:  # no more threads, or the interpreter is ending
                return
            self._threads = threads

    def _made(self) -> tuple[threading.Thread, ...]:
        pipeline, name = self.pipeline, f"wsgi_apimetrics-{self._plan.name}"
        if not self._plan.spooling:
            loops = {name: (pipeline.due_in, self._turn, pipeline.rest)}
        else:
            loops = {
                f"{name}-spool": (pipeline.gather_due_in, pipeline.gather, pipeline.rest),
                name: (pipeline.dispatch_due_in, self._dispatch, pipeline.rest_for_stock),
            }
        return tuple(
            threading.Thread(target=self._run, args=loop, name=name, daemon=True)
            for name, loop in loops.items()
        )

    def _run(
        self,
        due_in: Callable[[], float | None],
        act: Callable[[], None],
        rest: Callable[[float | None], None],
    ) -> None:
        while not self.pipeline.ledger.closed:
            due = due_in()
            if due != 0.0:
                if self._retired and self._is_hopeless(self.shutdown_timeout):
                    self.shutdown(0.0)
                    break
                rest(due)
                continue
            fault = attempt(act)
            if fault is not None:
                LOGGER.error("%s: %s in the worker", self._plan.name, type(fault).__name__)
                time.sleep(_PAUSE_AFTER_FAULT)
        if act == self.pipeline.gather:
            self.pipeline.release()  # what was being prepared at the end has opened it again
        else:
            self.pipeline.close()

    def _turn(self) -> None:
        self._send(self.pipeline.turn)

    def _dispatch(self) -> None:
        self._send(self.pipeline.dispatch)

    def _turn_if_due(self) -> None:
        if self.pipeline.due_in() == 0.0:
            self.pipeline.turn()

    def _send(self, act: Callable[[], None]) -> None:
        """Do what may send, one thread at a time; gives up after the time that a call may take."""
        if self._sending.acquire(timeout=self._plan.policy.timeout):
            try:
                act()
            finally:
                self._sending.release()
