"""Where prepared exchanges are until a backend has them: in memory here, on disk in ``spool``."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..stats import DropReason
from .ledger import Ledger
from .policy import BatchLimits
from .submission import Captured

if TYPE_CHECKING:
    from ..payload import Fragment, Outcome


class Piece(NamedTuple):
    """A prepared exchange on its way.

    Attributes:
        fragment: What is sent.
        cost: What it counts for in the ledger while it is in memory, in bytes.
        captured: What it was made of, to make it again without its bodies; ``None`` if that
            is gone or has been done.
        position: Its place in the spool, ``None`` if it is in memory alone.
    """

    fragment: Fragment
    cost: int = 0
    captured: Captured | None = None
    position: int | None = None


class DeadLetter(NamedTuple):
    """An exchange that the backend refused for good, and what it answered."""

    id: str
    when: float
    status_code: int | None
    answer: str


class Stock(Protocol):
    """Prepared exchanges, between the one who prepares and the one who sends."""

    def has_room(self) -> bool:
        """Whether more may be prepared now; if not, it waits in the buffer."""
        ...

    def put(self, pieces: Sequence[Piece]) -> None:
        """Keep what was prepared."""
        ...

    def take(self, limits: BatchLimits) -> list[Piece]:
        """Return the oldest, as many as one payload carries, to be sent now."""
        ...

    def depth(self) -> int:
        """How many could be taken."""
        ...

    def delivered(self, pieces: Sequence[Piece], rejected: int) -> None:
        """The backend has them, but for ``rejected`` ones that it turned down."""
        ...

    def refused(self, pieces: Sequence[Piece], outcome: Outcome) -> None:
        """The backend will never have them."""
        ...

    def dropped(self, pieces: Sequence[Piece], reason: DropReason) -> None:
        """They are given up."""
        ...

    def due_in(self, now: float) -> float | None:
        """Return the seconds until :meth:`refresh` or :meth:`spill` has something to do."""
        ...

    def refresh(self) -> bool:
        """Keep house; say whether what is being sent is still this process's to send."""
        ...

    def reclaim(self, pieces: Sequence[Piece]) -> bool:
        """Take back what is being sent if it can be kept more safely; say whether so."""
        ...

    def spill(self) -> None:
        """Move what had to stay in memory to where it belongs, if that can be done now."""
        ...

    def forget(self) -> None:
        """In a child: let go of the parent's claim without touching what is the parent's."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class MemoryStock:
    """Prepared exchanges in memory: a batch at most, the rest waits in the bounded buffer."""

    __slots__ = ("_ledger", "_pieces", "dead_letters")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pieces: deque[Piece] = deque()
        self.dead_letters: deque[DeadLetter] = deque(maxlen=100)

    def has_room(self) -> bool:
        """See :class:`Stock`."""
        return not self._pieces

    def put(self, pieces: Sequence[Piece]) -> None:
        """See :class:`Stock`."""
        self._pieces.extend(pieces)

    def take(self, limits: BatchLimits) -> list[Piece]:
        """See :class:`Stock`."""
        taken: list[Piece] = []
        room = limits.max_bytes
        while self._pieces and len(taken) < limits.max_exchanges:
            room -= len(self._pieces[0].fragment.content)
            if taken and room < 0:
                break
            taken.append(self._pieces.popleft())
        return taken

    def depth(self) -> int:
        """See :class:`Stock`."""
        return len(self._pieces)

    def delivered(self, pieces: Sequence[Piece], rejected: int) -> None:
        """See :class:`Stock`."""
        rejected = min(rejected, len(pieces))
        with self._ledger.lock:
            if self._ledger.release(len(pieces), sum(piece.cost for piece in pieces)):
                self._ledger.delivered += len(pieces) - rejected
                self._ledger.dead_lettered += rejected

    def refused(self, pieces: Sequence[Piece], outcome: Outcome) -> None:
        """See :class:`Stock`."""
        now = time.time()
        self.dead_letters.extend(
            DeadLetter(piece.fragment.id, now, outcome.status_code, outcome.error)
            for piece in pieces
        )
        with self._ledger.lock:
            if self._ledger.release(len(pieces), sum(piece.cost for piece in pieces)):
                self._ledger.dead_lettered += len(pieces)

    def dropped(self, pieces: Sequence[Piece], reason: DropReason) -> None:
        """See :class:`Stock`."""
        cost = sum(piece.cost for piece in pieces)
        self._ledger.drop_in_hand(reason, cost, len(pieces))

    def take_all(self) -> list[Piece]:
        """Return all there is, to be put elsewhere."""
        pieces = list(self._pieces)
        self._pieces.clear()
        return pieces

    def due_in(self, now: float) -> float | None:  # noqa: ARG002 - see Stock
        """See :class:`Stock`."""
        return None

    def refresh(self) -> bool:
        """See :class:`Stock`."""
        return True

    def reclaim(self, pieces: Sequence[Piece]) -> bool:  # noqa: ARG002 - see Stock
        """See :class:`Stock`."""
        return False

    def spill(self) -> None:
        """See :class:`Stock`."""

    def forget(self) -> None:
        """See :class:`Stock`."""

    def close(self) -> None:
        """See :class:`Stock`."""
