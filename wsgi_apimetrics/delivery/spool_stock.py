"""The stock that is on disk: what is prepared is written before it is sent.

While the disk can't take it (full, damaged, not there) a batch at a time is kept in memory
and the rest waits in the bounded buffer, as if there were no spool; that is logged, and tried
again every second.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..notices import Notices
from ..payload import Outcome
from ..stats import DropReason
from .ledger import Ledger
from .policy import BatchLimits, DeliveryPolicy
from .spool import Removed, Spool
from .spool_files import Rebuilt, SpoolFile, spool_path
from .spool_schema import SpoolUnusable, is_damage
from .stock import MemoryStock, Piece

RENEW_SECONDS = 5.0
_TRY_AGAIN_SECONDS = 1.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SpoolBounds:
    """How much is kept on disk, and how long."""

    max_bytes: int
    max_age_seconds: float


def spool_stock(
    directory: str,
    name: str,
    destination: str,
    policy: DeliveryPolicy,
    ledger: Ledger,
    notices: Notices,
) -> SpoolStock:
    """Make the stock of the backend ``name`` for ``destination``; nothing is opened yet."""
    file = SpoolFile(spool_path(directory, name, destination), policy.durability)
    bounds = SpoolBounds(policy.spool_max_bytes, policy.spool_max_age_seconds)
    return SpoolStock(file, bounds, ledger, notices)


class SpoolStock:
    """Prepared exchanges on disk; in memory while the disk can't take them."""

    def __init__(
        self, file: SpoolFile, bounds: SpoolBounds, ledger: Ledger, notices: Notices
    ) -> None:
        self._file = file
        self._bounds = bounds
        self._ledger = ledger
        self._notices = notices
        self._memory = MemoryStock(ledger)
        self._lock = threading.RLock()
        self._spool: Spool | None = None
        self._try_again_at = 0.0
        self._renew_at = math.inf
        self._wanted = False
        """Whether there was something to put in: before, nothing is opened."""
        self._in_hand: frozenset[int] = frozenset()
        self._lost_hand = False
        self._lent = False
        """Whether what is being sent is in memory alone."""
        self._to_remove: set[int] = set()
        """Settled, but the disk could not be told yet."""

    def has_room(self) -> bool:
        """See :class:`~wsgi_apimetrics.delivery.stock.Stock`."""
        return self._memory.has_room()

    def put(self, pieces: Sequence[Piece]) -> None:
        """Write ``pieces`` in one commit; keep them in memory if that fails."""
        if not pieces:
            return
        with self._lock:
            if not self._written(pieces):
                self._memory.put(pieces)

    def reclaim(self, pieces: Sequence[Piece]) -> bool:
        """Write what is being sent from memory to disk if that can be done by now."""
        with self._lock:
            if not self._lent or time.monotonic() < self._try_again_at:
                return False
            if not self._written([piece for piece in pieces if piece.position is None]):
                return False
            self._lent = False
            return True

    def _written(self, pieces: Sequence[Piece]) -> bool:
        fragments = [piece.fragment for piece in pieces]
        if self._on_disk(lambda spool: spool.put(fragments)) is None:
            return False
        with self._ledger.lock:
            if not self._ledger.closed:
                self._ledger.spooled += len(pieces)
            self._ledger.release(len(pieces), sum(piece.cost for piece in pieces))
        self._trim()
        return True

    def take(self, limits: BatchLimits) -> list[Piece]:
        """See :class:`~wsgi_apimetrics.delivery.stock.Stock`."""
        with self._lock:
            self._forget_removed()
            besides = frozenset(self._to_remove)
            rows = self._on_disk(lambda spool: spool.take(limits, besides), opening=False) or []
            bad = [row.position for row in rows if not row.intact]
            if bad:
                self._lose(bad)
            pieces = [Piece(row.fragment, position=row.position) for row in rows if row.intact]
            pieces = pieces or self._memory.take(limits)
            self._lent = any(piece.position is None for piece in pieces)
            self._in_hand = frozenset(piece.position for piece in pieces if piece.position)
            self._lost_hand = False
            return pieces

    def depth(self) -> int:
        """See :class:`~wsgi_apimetrics.delivery.stock.Stock`."""
        return self._ledger.spooled + self._memory.depth()

    def delivered(self, pieces: Sequence[Piece], rejected: int) -> None:
        """See :class:`~wsgi_apimetrics.delivery.stock.Stock`."""
        rejected = min(rejected, len(pieces))
        if not self._is_spooled(pieces):
            self._lent = False
            self._memory.delivered(pieces, rejected)
            return
        with self._lock:
            self._settle(pieces)
            with self._ledger.lock:
                self._ledger.delivered += len(pieces) - rejected
                self._ledger.dead_lettered += rejected

    def refused(self, pieces: Sequence[Piece], outcome: Outcome) -> None:
        """Move them to the dead letters on disk."""
        with self._lock:
            held = self._held(pieces)
            letters = [(it.fragment, it.position if it.position in held else None) for it in pieces]
            kept = self._on_disk(lambda spool: spool.set_aside(letters, outcome))
            if not self._is_spooled(pieces):
                self._memory.refused(pieces, outcome)
                return
            self._settle(pieces, gone=bool(kept))
            with self._ledger.lock:
                self._ledger.dead_lettered += len(pieces)

    def dropped(self, pieces: Sequence[Piece], reason: DropReason) -> None:
        """See :class:`~wsgi_apimetrics.delivery.stock.Stock`."""
        if not self._is_spooled(pieces):
            self._memory.dropped(pieces, reason)
            return
        with self._lock:
            self._settle(pieces)
            with self._ledger.lock:
                self._ledger.dropped[reason.value] += len(pieces)

    def due_in(self, now: float) -> float | None:
        """Return the seconds until :meth:`refresh` has something to do."""
        missing = self._wanted and self._spool is None
        in_memory = self._lent or self._memory.depth()
        again = self._try_again_at if missing or in_memory else math.inf
        due = min(self._renew_at, again)
        return None if due == math.inf else max(0.0, due - now)

    def refresh(self) -> bool:
        """Renew the leases, drop what is too old; say whether what is in hand is still ours."""
        with self._lock:
            if self._spool is not None and self._file.is_marked():
                self._damaged(self._spool)
            if self._spool is None and self._wanted:
                self._open()
            if time.monotonic() >= self._renew_at:
                self._renew()
            lost, self._lost_hand = self._lost_hand, False
            return not lost

    def spill(self) -> None:
        """Write what is in memory to disk, now that it may take it again."""
        with self._lock:
            if time.monotonic() >= self._try_again_at:
                self.put(self._memory.take_all())

    def forget(self) -> None:
        """Close the inherited lock alone: it would hold off a repair for as long as we live.

        The connection stays as it is: closing it here would reach into the parent's.
        """
        self._file.let_go()

    def close(self) -> None:
        """Let go of the leases and the file; what is left is for the next one who comes."""
        with self._lock:
            self._wanted = False
            self._forget_removed()
            spool, self._spool = self._spool, None
            if spool is not None:
                self._guarded(spool.close)
            self._file.let_go()

    # -- the disk, which may fail ------------------------------------------------------------

    def _on_disk(self, action: Callable[[Spool], T], *, opening: bool = True) -> T | None:
        """Return what ``action`` does with the spool, ``None`` if the disk can't for now."""
        if self._spool is None and not (opening and self._open()):
            return None
        spool = self._spool
        return None if spool is None else self._guarded(lambda: action(spool))

    def _open(self) -> bool:
        self._wanted = True
        if time.monotonic() < self._try_again_at:
            return False
        opened = self._guarded(self._file.open)
        if opened is None:
            return False
        self._spool, rebuilt = opened
        if rebuilt is not None:
            self._rebuilt(rebuilt)
        self._renew()
        return self._spool is not None

    def _guarded(self, action: Callable[[], T]) -> T | None:
        try:
            return action()
        except (sqlite3.Error, OSError, SpoolUnusable) as error:
            self._try_again_at = time.monotonic() + _TRY_AGAIN_SECONDS
            self._ledger.fail(f"spool: {error}", time.time())
            self._notices.warn(
                f"spool {type(error).__name__}",
                "the spool %s can't be used (%s); carrying on in memory: make room, or mend it"
                " with wsgi-apimetrics spool",
                self._file.path,
                error,
            )
            if isinstance(error, sqlite3.Error) and is_damage(error) and self._spool is not None:
                self._damaged(self._spool)
                self._try_again_at = 0.0  # who is alone with it can mend it now
            return None

    def _damaged(self, spool: Spool) -> None:
        """Let go of the ``spool``; whoever is alone with it first rebuilds it for all."""
        with self._ledger.lock:
            held, self._ledger.spooled = self._ledger.spooled, 0
            self._ledger.adopted -= held
        self._spool = None
        self._lose_hand()
        self._to_remove.clear()
        self._renew_at = math.inf
        self._file.mark(held)
        with contextlib.suppress(sqlite3.Error):  # nothing in it is of use any more
            spool.close(release=False)
        self._file.let_go()

    def _rebuilt(self, rebuilt: Rebuilt) -> None:
        with self._ledger.lock:
            self._ledger.adopted += rebuilt.lost
            self._ledger.dropped[DropReason.SPOOL_DAMAGED.value] += rebuilt.lost
        self._notices.warn(
            "spool rebuilt", "the spool was damaged: %d exchanges were intact, at least %d were"
            " not; the damaged file is kept as %s", rebuilt.saved, rebuilt.lost, rebuilt.kept_as,
        )  # fmt: skip

    # -- the account ------------------------------------------------------------------------

    def _is_spooled(self, pieces: Sequence[Piece]) -> bool:
        return any(piece.position is not None for piece in pieces)

    def _settle(self, pieces: Sequence[Piece], *, gone: bool = False) -> None:
        """They are done with: off the disk, now or when it can be told."""
        positions = self._held(pieces)
        self._in_hand -= positions
        if not gone:
            self._to_remove |= positions
            self._forget_removed()
        with self._ledger.lock:
            self._ledger.adopted += len(pieces) - len(positions)  # another's by now, and sent here
            self._ledger.leave_spool(len(positions))

    def _held(self, pieces: Sequence[Piece]) -> frozenset[int]:
        return self._in_hand & {piece.position for piece in pieces if piece.position is not None}

    def _lose_hand(self) -> None:
        self._in_hand = frozenset()
        self._lost_hand = True

    def _forget_removed(self) -> None:
        if not self._to_remove:
            return
        positions = sorted(self._to_remove)
        if self._on_disk(lambda spool: spool.remove(positions), opening=False) is not None:
            self._to_remove.clear()

    def _renew(self) -> None:
        self._renew_at = time.monotonic() + RENEW_SECONDS
        renewed = self._on_disk(lambda spool: spool.renew(), opening=False)
        if renewed is None:
            return
        self._account(*renewed)
        if self._on_disk(lambda spool: spool.holds(sorted(self._in_hand))) is False:
            self._lose_hand()
        old = time.time() - self._bounds.max_age_seconds
        removed = self._on_disk(lambda spool: spool.expire(old, self._in_hand))
        self._drop(removed, DropReason.SPOOL_EXPIRED)
        if not self._ledger.spooled:
            self._on_disk(lambda spool: spool.shrink())

    def _account(self, held: int, gained: int) -> None:
        with self._ledger.lock:
            held -= len(self._to_remove)
            self._ledger.adopted += gained + held - self._ledger.spooled
            self._ledger.spooled = held + gained

    def _lose(self, positions: Sequence[int]) -> None:
        self._to_remove.update(positions)
        self._forget_removed()
        self._drop(Removed(len(positions)), DropReason.SPOOL_DAMAGED)
        self._notices.warn(
            "spool rows", "%d exchanges in the spool %s were damaged; they are counted, the others"
            " go on", len(positions), self._file.path,
        )  # fmt: skip

    def _trim(self) -> None:
        bounds = self._bounds
        removed = self._on_disk(lambda spool: spool.trim(bounds.max_bytes, self._in_hand))
        self._drop(removed, DropReason.SPOOL_FULL)

    def _drop(self, removed: Removed | None, reason: DropReason) -> None:
        if removed is None or not removed.mine + removed.others:
            return
        with self._ledger.lock:
            self._ledger.leave_spool(removed.mine)
            self._ledger.adopted += removed.others
            self._ledger.dropped[reason.value] += removed.mine + removed.others
