"""Pages of a list, and the places where they begin."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from .rows import Summary
from .walking import Key


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first.

    Attributes:
        summaries: The exchanges.
        next_cursor: Where the next page begins: give it back as ``cursor``; ``None`` at the end.
        is_cut: Whether it ended before its page was full, as it would have taken too long;
            ``next_cursor`` goes on, however long it takes.
    """

    summaries: tuple[Summary, ...]
    next_cursor: str | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins; ``is_patient``: whoever asks for it waits as long as it takes."""

    key: Key
    is_patient: bool = False

    def cursor(self) -> str:
        """Return it as a text."""
        place = [*self.key, 1] if self.is_patient else self.key
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()

    @classmethod
    def read(cls, cursor: str) -> Place:
        """Make it of such a text.

        Raises:
            ValueError: it is none of ours.
        """
        try:
            started_at, seq, *more = json.loads(base64.urlsafe_b64decode(cursor.encode()))
            return cls((float(started_at), int(seq)), bool(more))
        except (ValueError, TypeError, binascii.Error):
            raise ValueError(f"no cursor of ours: {cursor[:60]!r}") from None
