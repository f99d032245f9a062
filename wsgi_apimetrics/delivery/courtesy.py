"""How the worker shares the interpreter with the threads that answer requests.

A thread that answers requests lets go of the interpreter lock at every system call, some ten times
for each request, and each time it waits for whoever took the lock meanwhile. A worker that always
has something to do thus doubles what a request takes. So it works for a moment, then rests for a
multiple of it: what was captured can wait, in a queue that was made for that. From half a queue
on the rest grows shorter, from three quarters on there is none: nothing is lost for courtesy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from .ledger import Ledger
from .policy import DeliveryPolicy
from .submission import Captured

_SLICE_SECONDS = 0.0004
"""How long the worker goes on at a time."""
_HURRIED_SLICE_SECONDS = 0.002
"""The same where somebody waits for it: below the 5 ms that the interpreter has a thread wait."""
_GROUP, _GROUP_BYTES = 4, 32 * 1024
"""What is prepared together: four small exchanges, which take a slice."""
_HURRIED = 4
"""How many times as much, where somebody waits for it."""
_REST = 9
"""How many times as long it rests, while the queue is empty."""
_LONGEST_REST = 0.05


def ease_at(fill: float) -> float:
    """Return how much of its rest the worker takes with a queue that is full to that share.

    >>> [ease_at(fill) for fill in (0.0, 0.5, 0.625, 0.75, 1.0)]
    [1.0, 1.0, 0.5, 0.0, 0.0]
    """
    return min(1.0, max(0.0, 3.0 - 4.0 * fill))


class Courtesy:
    """One worker's; not to be shared by threads.

    Args:
        ledger: Says whether requests come in, and how full the queue is.
        policy: Says how much the queue holds. With a spool there is no rest: what is captured
            is to be on disk a moment later.
        hurries: Says whether somebody waits for what the worker does.
    """

    __slots__ = ("_hurries", "_ledger", "_not_before", "_policy", "_seen", "_since")

    def __init__(self, ledger: Ledger, policy: DeliveryPolicy, hurries: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._policy = policy
        self._hurries = hurries
        self._seen = 0
        self._since = self._not_before = 0.0

    def groups(self, batch: Sequence[Captured]) -> Iterator[Sequence[Captured]]:
        """Part ``batch`` into groups that take about a slice; gives way after each."""
        start = 0
        while start < len(batch):
            times = _HURRIED if self._hurries() else 1
            room, last = _GROUP_BYTES * times, min(len(batch), start + _GROUP * times)
            end = start
            while end < last and (room > 0 or end == start):
                room -= batch[end].cost
                end += 1
            yield batch[start:end]
            start = end
            self.give_way()

    def give_way(self) -> None:
        """Rest, if it is time; called whenever a piece of work is done.

        A rest of no time still lets go of the interpreter lock; like any other it costs 50 us
        of processor time, for what the caches held is gone.
        """
        if time.perf_counter() < self._not_before:
            return
        hurries = self._hurries()
        slice_ = _HURRIED_SLICE_SECONDS if hurries else _SLICE_SECONDS
        worked = time.thread_time() - self._since
        if worked < slice_:
            # Processor time costs ten times as much to ask for as the time does, and never
            # passes faster.
            self._not_before = time.perf_counter() + slice_ - worked
            return
        time.sleep(0.0 if hurries else min(_LONGEST_REST, worked * _REST * self._ease()))
        self._since = time.thread_time()
        self._not_before = 0.0

    def _ease(self) -> float:
        """How much of its rest the worker takes; none while no requests come in."""
        policy, ledger = self._policy, self._ledger
        before, self._seen = self._seen, ledger.submitted
        if before == ledger.submitted or policy.spool_dir is not None:
            return 0.0
        return ease_at(
            max(
                ledger.waiting / policy.max_queue_size,
                ledger.waiting_bytes / policy.max_queue_bytes,
            )
        )
