"""Sends pieces, one payload at a time, and acts on what came of it.

Holds at most one batch and what it was halved to. Knows nothing of threads: whoever calls
:meth:`Sender.step` waits for the answer.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..notices import Notices
from ..stats import DropReason
from .guard import attempt
from .ledger import Ledger
from .retry import Action, Decision, RetryTable, decide
from .stock import Piece, Stock

if TYPE_CHECKING:
    from ..payload import Outcome, Pack, Transport


class Batch(NamedTuple):
    """What is sent in one payload; ``attempts`` is how often it has been."""

    pieces: tuple[Piece, ...]
    attempts: int = 0


class Sender:
    """One backend's connection, and the batch that is on its way."""

    def __init__(
        self,
        *,
        open_transport: Callable[[], Transport],
        pack: Pack,
        retries: RetryTable,
        stock: Stock,
        shrunk: Callable[[Piece], Piece | None],
        ledger: Ledger,
        notices: Notices,
    ) -> None:
        self._open_transport = open_transport
        self._transport: Transport | None = None
        self._pack = pack
        self._retries = retries
        self._stock = stock
        self._shrunk = shrunk
        self._ledger = ledger
        self._notices = notices
        self._batches: deque[Batch] = deque()
        self._acts = {
            Action.DELIVERED: self._delivered,
            Action.RETRY: self._retry,
            Action.COOL_DOWN: self._cool_down,
            Action.SPLIT: self._split,
            Action.SET_ASIDE: self._set_aside,
        }
        self._asked_to_wait = False
        self.not_before = 0.0
        """When the next payload may be sent (monotonic seconds)."""

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way."""
        return bool(self._batches)

    def pieces(self) -> list[Piece]:
        """Return what is on its way."""
        return [piece for batch in self._batches for piece in batch.pieces]

    def load(self, pieces: Sequence[Piece]) -> None:
        """Take ``pieces`` on as the next batch."""
        if pieces:
            self._batches.append(Batch(tuple(pieces)))

    def unload(self) -> None:
        """Let go of the batch without a word: somebody else has it by now."""
        self._batches.clear()

    def step(self) -> None:
        """Send one payload now, whatever :attr:`not_before` says, and act on the outcome."""
        batch = self._batches.popleft()
        batch = Batch(batch.pieces, batch.attempts + 1)
        if batch.attempts > 1:
            with self._ledger.lock:
                self._ledger.retried += len(batch.pieces)
        outcome = self._send(batch)
        if outcome is None:
            self._unpackable(batch)
            return
        decision = decide(outcome, batch.attempts, time.time(), self._retries, random.random)
        self.not_before = time.monotonic() + decision.wait
        self._asked_to_wait = decision.action is Action.COOL_DOWN or outcome.retry_after is not None
        self._acts[decision.action](batch, outcome, decision)

    def hasten(self) -> None:
        """End a back-off of our own making, for there will be no later.

        What the backend asked for, and a cool-down, still holds.
        """
        if not self._asked_to_wait:
            self.not_before = 0.0

    def close(self) -> None:
        """Close the connection, if there is one."""
        transport, self._transport = self._transport, None
        if transport is not None:
            attempt(transport.close)

    def _send(self, batch: Batch) -> Outcome | None:
        payload = attempt(self._pack, [piece.fragment for piece in batch.pieces])
        if isinstance(payload, Exception):
            return None
        if self._transport is None:
            opened = attempt(self._open_transport)
            if isinstance(opened, Exception):
                return _no_answer(f"opening the transport: {type(opened).__name__}")
            self._transport = opened
        outcome = attempt(self._transport.send, payload)
        if isinstance(outcome, Exception):
            return _no_answer(type(outcome).__name__, uncertain=True)
        if not hasattr(outcome, "status_code"):
            return _no_answer(f"the transport returned {type(outcome).__name__}", uncertain=True)
        return outcome

    def _unpackable(self, batch: Batch) -> None:
        if len(batch.pieces) > 1:
            self._halve(batch)
        else:
            self._stock.dropped(batch.pieces, DropReason.ENCODING_FAILED)

    def _delivered(self, batch: Batch, outcome: Outcome, _: Decision) -> None:
        self._ledger.last_success = time.time()
        if outcome.mend:
            self._notices.warn(outcome.mend, "%s; the exchanges were delivered", outcome.mend)
        self._stock.delivered(batch.pieces, outcome.rejected)
        if outcome.rejected:
            self._failed(outcome)
            self._notices.warn(
                "rejected", "the backend turned down %d of %d exchanges",
                outcome.rejected, len(batch.pieces),
            )  # fmt: skip

    def _retry(self, batch: Batch, outcome: Outcome, decision: Decision) -> None:
        self._failed(outcome)
        self._batches.appendleft(batch)
        self._notices.warn(
            f"retry {outcome.mend}", "%s (%s), trying again in %.1f s; nothing is lost so far",
            outcome.mend or "sending failed", _said(outcome), decision.wait,
        )  # fmt: skip

    def _cool_down(self, batch: Batch, outcome: Outcome, decision: Decision) -> None:
        self._failed(outcome)
        self._batches.appendleft(batch)
        if outcome.mend:
            mend = outcome.mend
        elif outcome.status_code in self._retries.unauthorized:
            mend = "the key is refused: check this backend's key and that it is still valid"
        else:
            mend = "the address seems wrong: check this backend's server option"
        self._notices.warn(
            f"cool down {outcome.status_code} {mend}", "%s (%s); the exchanges are kept, next try"
            " in %d s", mend, _said(outcome), round(decision.wait),
        )  # fmt: skip

    def _split(self, batch: Batch, outcome: Outcome, decision: Decision) -> None:
        self._failed(outcome)
        if len(batch.pieces) != 1:
            self._halve(batch)
            return
        small = self._shrunk(batch.pieces[0]) if outcome.status_code == _TOO_LARGE else None
        if small is not None:
            self._batches.appendleft(Batch((small,)))
        else:
            self._set_aside(batch, outcome, decision)

    def _halve(self, batch: Batch) -> None:
        middle = len(batch.pieces) // 2
        self._batches.appendleft(Batch(batch.pieces[middle:]))
        self._batches.appendleft(Batch(batch.pieces[:middle]))

    def _set_aside(self, batch: Batch, outcome: Outcome, _: Decision) -> None:
        self._failed(outcome)
        self._stock.refused(batch.pieces, outcome)
        self._notices.warn(
            f"refused {outcome.status_code}", "%d exchange(s) refused for good (%s), set aside as"
            " dead letters", len(batch.pieces), _said(outcome),
        )  # fmt: skip

    def _failed(self, outcome: Outcome) -> None:
        said = _said(outcome)
        self._ledger.fail(f"{said}: {outcome.mend}" if outcome.mend else said, time.time())


_TOO_LARGE = 413


def _no_answer(error: str, *, uncertain: bool = False) -> Outcome:
    from ..payload import Outcome

    return Outcome(error=error, uncertain=uncertain)


def _said(outcome: Outcome) -> str:
    """What may be shown: of an answer only the status, for its body may quote ours."""
    if outcome.status_code is not None:
        return f"HTTP {outcome.status_code}"
    return outcome.error or "not delivered"
