"""What the request thread hands over: something of a known cost that becomes an exchange later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..exchange import Exchange


class Captured(Protocol):
    """One captured request and its response, not yet worked on.

    Attributes:
        cost: About how many bytes of memory it holds.
    """

    cost: int

    def exchange(self) -> Exchange:
        """Return the exchange; made on the worker, anew each time."""
        ...
