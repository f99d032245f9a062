"""How the worker shares the interpreter with the threads that answer requests.

A thread that answers requests lets go of the interpreter lock at every system call, some ten times
for each request, and each time it waits for whoever took the lock meanwhile. A worker that always
has something to do thus doubles what a request takes. So it works for a moment, then rests for a
multiple of it: what was captured can wait, in a queue that was made for that. From half a queue
on the rest grows shorter, from three quarters on there is none: nothing is lost for courtesy.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SLICE_SECONDS = 0.0004
"""How long the worker goes on at a time. A rest costs 14 us of processor time, however short."""
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
    """One worker's; not to be shared by threads. While no requests come in, there is no rest.

    Args:
        ease: Returns how much of the rest may be taken, from 0.0 to 1.0; 0.0 still lets go of
            the interpreter lock, ``None`` does not.
        submitted: Returns how many exchanges have come in so far.
    """

    __slots__ = ("_ease", "_seen", "_since", "_submitted")

    def __init__(self, ease: Callable[[], float | None], submitted: Callable[[], int]) -> None:
        self._ease = ease
        self._submitted = submitted
        self._seen = 0
        self._since = 0.0

    def give_way(self) -> None:
        """Rest, if it is time; called whenever a piece of work is done."""
        worked = time.thread_time() - self._since
        if worked < _SLICE_SECONDS:
            return
        ease = self._ease()
        if ease is not None:
            before, self._seen = self._seen, self._submitted()
            if before == self._seen:
                ease = 0.0
            time.sleep(min(_LONGEST_REST, worked * _REST * ease))
        self._since = time.thread_time()
