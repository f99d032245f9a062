"""Captured exchanges to pieces, some at a time: one that can't be costs no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..exceptions import ExchangeDropped
from ..notices import Notices
from ..stats import DropReason
from .guard import in_stages
from .ledger import Ledger
from .policy import BatchLimits
from .stock import Piece
from .submission import Captured

if TYPE_CHECKING:
    from ..payload import Fragment

Prepare = Callable[[Sequence[Captured], bool], "Sequence[Fragment | Exception]"]
"""Redacts and encodes some exchanges; ``True`` leaves their bodies out, with a marker.

For each in its place what came of it: a fragment, or the exception that it is given up for.
"""
Groups = Callable[[Sequence[Captured]], Iterable[Sequence[Captured]]]
"""Parts a batch into what is prepared together."""


class Preparer:
    """Prepares exchanges; what is given up on the way is counted."""

    __slots__ = ("_groups", "_ledger", "_limits", "_notices", "_prepare")

    def __init__(
        self,
        prepare: Prepare,
        limits: BatchLimits,
        ledger: Ledger,
        notices: Notices,
        groups: Groups,
    ) -> None:
        self._prepare = prepare
        self._groups = groups
        self._limits = limits
        self._ledger = ledger
        self._notices = notices

    def prepare(self, batch: Sequence[Captured]) -> list[Piece]:
        """Prepare each of ``batch``."""
        pieces = []
        for group in self._groups(batch):
            for captured, fragment in zip(group, self._fragments(group), strict=True):
                piece = self._piece(captured, fragment)
                if piece is not None:
                    pieces.append(piece)
        return pieces

    def shrunk(self, piece: Piece) -> Piece | None:
        """Return ``piece`` without its bodies; ``None`` if that can't be or was done before."""
        captured = piece.captured
        if captured is None:
            return None
        (fragment,) = self._fragments([captured], without_bodies=True)
        if isinstance(fragment, Exception) or self._too_large(fragment):
            return None
        with self._ledger.lock:
            self._ledger.omitted_bodies[DropReason.TOO_LARGE.value] += 1
        return Piece(fragment, piece.cost)

    def _fragments(
        self, group: Sequence[Captured], *, without_bodies: bool = False
    ) -> list[Fragment | Exception]:
        return in_stages(self._prepare(group, without_bodies), _fragment)

    def _piece(self, captured: Captured, fragment: Fragment | Exception) -> Piece | None:
        if isinstance(fragment, Exception):
            self._give_up(captured, fragment)
            return None
        piece = Piece(fragment, captured.cost, captured)
        if not self._too_large(fragment):
            return piece
        small = self.shrunk(piece)
        if small is None:
            self._give_up(captured, ExchangeDropped(DropReason.TOO_LARGE))
        return small

    def _too_large(self, fragment: Fragment) -> bool:
        return len(fragment.content) > self._limits.max_bytes

    def _give_up(self, captured: Captured, error: Exception) -> None:
        if isinstance(error, ExchangeDropped):
            reason = error.reason
            if error.detail or not reason.was_asked_for:
                self._notices.warn(
                    f"dropped {reason.value}",
                    "an exchange is not sent (%s); such are counted",
                    error,
                )
        else:
            reason = DropReason.ENCODING_FAILED
            self._ledger.fail(f"preparing: {type(error).__name__}", time.time())
            self._notices.warn(
                f"prepare {type(error).__name__}",
                "an exchange could not be encoded (%s); it is counted as %s, the others go on",
                type(error).__name__,
                reason.value,
            )
        self._ledger.drop_in_hand(reason, captured.cost)


def _fragment(made: Fragment) -> Fragment:
    """Hold an encoder, which may be anybody's, to what it promises."""
    if not isinstance(made.content, bytes):
        raise TypeError(f"an encoder made {type(made.content).__name__}, not bytes")
    return made
