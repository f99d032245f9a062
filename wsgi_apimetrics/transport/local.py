"""Lines of JSON into the local store: the one transport whose other end is a file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from ..exceptions import StoreError
from ..payload import Outcome, Payload

KEPT = 200

_BRIEFLY = 0.02
_LATER_SECONDS = 0.5


class Appender(Protocol):
    """What the transport asks of a store."""

    def append(self, lines: Iterable[bytes]) -> int:
        """Keep lines, all or none; return how many are no exchange."""
        ...

    def index(self, seconds: float) -> bool:
        """Let the full-text index catch up for a while."""
        ...

    def prune(self, seconds: float) -> bool:
        """Delete what is too old or too much for a while."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class LocalTransport:
    """Append payloads to a store, and see to its upkeep after each.

    Args:
        open_store: Makes the store's writer, which opens its file at the first payload.
    """

    def __init__(self, open_store: Callable[[], Appender]) -> None:
        self._store = open_store()
        self._closing = threading.Event()
        self._catching_up: threading.Thread | None = None

    def send(self, payload: Payload) -> Outcome:
        """Append the payload's lines; whatever is in the way of that may be mended meanwhile."""
        try:
            rejected = self._store.append(payload.content.splitlines())
        except StoreError as error:
            # Not ours, damaged or newer. No status: nobody answered, least of all by HTTP.
            return Outcome(mend=str(error))
        except (sqlite3.OperationalError, OSError) as error:
            return Outcome(error=f"the local store: {error}")
        if not self._upkeep(_BRIEFLY):
            self._go_on_later()
        return Outcome(status_code=KEPT, rejected=rejected)

    def close(self) -> None:
        """Finish what is left of the index, within a second, and close the file."""
        self._closing.set()
        if self._catching_up is not None:
            self._catching_up.join()
        self._upkeep(1.0)
        self._store.close()

    def _upkeep(self, seconds: float) -> bool:
        """Do some upkeep, and say whether nothing is left; failing is left to the next time."""
        try:
            indexed = self._store.index(seconds)
            return self._store.prune(seconds) and indexed
        except (sqlite3.OperationalError, StoreError, OSError):
            return True

    def _go_on_later(self) -> None:
        """Catch up after a burst, when perhaps nothing more is sent that would do it."""
        if self._catching_up is None or not self._catching_up.is_alive():
            self._catching_up = threading.Thread(
                target=self._catch_up, name="wsgi-apimetrics-local", daemon=True
            )
            self._catching_up.start()

    def _catch_up(self) -> None:
        pause = _LATER_SECONDS
        while not self._closing.wait(pause) and not self._upkeep(_BRIEFLY):
            pause = _BRIEFLY
