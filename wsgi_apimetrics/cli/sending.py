"""Sending with somebody watching: the delivery's own decisions, but no patience without end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..backends.base import Parts
from ..delivery.retry import Action, decide
from ..exceptions import ApiMetricsError
from ..payload import Fragment, Outcome, Transport

_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 30.0


class NotSent(ApiMetricsError):
    """The backend does not take anything now; what was sent before stays sent."""


@dataclass(slots=True)
class Tally:
    """What came of a replay so far, in exchanges; the backend has no place for ``left_out``."""

    sent: int = 0
    refused: int = 0
    left_out: int = 0


class Sender:
    """Sends fragments to one backend, one payload after another.

    Args:
        parts: The backend's.
        transport: An open transport of it.
        rate: Exchanges a second at most, 0 for no bound.
        refused: Told of each exchange that the backend does not take, with its answer.
        tally: Where to count.
    """

    def __init__(
        self,
        parts: Parts,
        transport: Transport,
        rate: float,
        refused: Callable[[Fragment, Outcome], None],
        tally: Tally,
    ) -> None:
        self._parts = parts
        self._transport = transport
        self._rate = rate
        self._refused = refused
        self._free_at = 0.0
        self.tally = tally

    def send(self, fragments: Sequence[Fragment]) -> None:
        """Send fragments as one payload, or as several where some are refused.

        Raises:
            NotSent: the backend can't be reached, or refuses everything.
        """
        if not fragments:
            return
        self._pace(len(fragments))
        payload = self._parts.encoder.pack(fragments)
        attempt = 0
        while True:
            attempt += 1
            outcome = self._transport.send(payload)
            decision = decide(outcome, attempt, time.time(), self._parts.retries, random.random)
            if decision.action is Action.DELIVERED:
                self.tally.sent += len(fragments) - outcome.rejected
                self.tally.refused += outcome.rejected
                return
            if decision.action is Action.SPLIT and len(fragments) > 1:
                middle = len(fragments) // 2
                self.send(fragments[:middle])
                self.send(fragments[middle:])
                return
            if decision.action is Action.SPLIT:
                self._set_aside(fragments, outcome)
                return
            # Patience does not help where somebody has to do something.
            if decision.action is Action.COOL_DOWN or outcome.mend:
                raise NotSent(f"{self._parts.name} refuses: {_said(outcome)}")
            if attempt == _ATTEMPTS:
                raise NotSent(f"{self._parts.name} takes nothing now: {_said(outcome)}")
            time.sleep(min(decision.wait, _LONGEST_WAIT_SECONDS))

    def _set_aside(self, fragments: Sequence[Fragment], outcome: Outcome) -> None:
        for fragment in fragments:
            self.tally.refused += 1
            self._refused(fragment, outcome)

    def _pace(self, count: int) -> None:
        """Wait until the rate allows the next ones."""
        if not self._rate:
            return
        now = time.monotonic()
        if self._free_at > now:
            time.sleep(self._free_at - now)
        self._free_at = max(self._free_at, now) + count / self._rate


def _said(outcome: Outcome) -> str:
    """Return what there is to say of an answer, or of none: at least one of the three."""
    status = "" if outcome.status_code is None else str(outcome.status_code)
    return " ".join(filter(None, (status, outcome.error, outcome.mend)))
