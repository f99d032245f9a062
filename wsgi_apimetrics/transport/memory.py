"""A transport that keeps what it is given: the fake beside the real ones.

It answers as it is told to, so that a test can play a backend that is down, slow to
recover or picky, without a network.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ..payload import Outcome, Payload

ACCEPTED = Outcome(status_code=200)


class MemoryTransport:
    """Keep every payload that was accepted, in the order in which they came.

    Args:
        outcomes: What to answer, one after another; when they are used up, ``afterwards``.
        afterwards: What to answer then: a plain 200 unless said otherwise.

    Attributes:
        payloads: The accepted payloads.
        attempts: Every payload that was sent, whatever the answer.
        closed: Whether :meth:`close` was called.

    >>> transport = MemoryTransport([Outcome(status_code=503)])
    >>> payload = Payload(b"[]", "application/json", ids=("1",))
    >>> transport.send(payload).accepted, transport.send(payload).accepted
    (False, True)
    >>> len(transport.attempts), len(transport.payloads)
    (2, 1)
    """

    def __init__(self, outcomes: Iterable[Outcome] = (), afterwards: Outcome = ACCEPTED) -> None:
        self._outcomes = iter(tuple(outcomes))
        self._afterwards = afterwards
        self._changed = threading.Condition()
        self.attempts: list[Payload] = []
        self.payloads: list[Payload] = []
        self.closed = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the exchanges that were accepted, in order; twice if sent twice."""
        return tuple(id_ for payload in self.payloads for id_ in payload.ids)

    def send(self, payload: Payload) -> Outcome:
        """Keep ``payload`` and return the next outcome."""
        with self._changed:
            outcome = next(self._outcomes, self._afterwards)
            self.attempts.append(payload)
            if outcome.accepted:
                self.payloads.append(payload)
            self._changed.notify_all()
            return outcome

    def close(self) -> None:
        """Note that it was closed; what was kept stays."""
        self.closed = True

    def wait_for(self, exchanges: int, timeout: float = 5.0) -> bool:
        """Wait until so many ``exchanges`` were accepted.

        Returns:
            Whether they were within ``timeout`` seconds.
        """
        with self._changed:
            return self._changed.wait_for(lambda: len(self.ids) >= exchanges, timeout)
