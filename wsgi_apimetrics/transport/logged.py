"""``debug=True``: what was sent, and what came back, in the log.

It shows payloads, which are redacted; the transport's own headers, which hold keys, it never
sees.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..payload import Outcome, Payload, Transport

LOGGER = logging.getLogger("wsgi_apimetrics.debug")


class LoggedTransport:
    """Log what a transport is given and what it says, at level INFO.

    Args:
        transport: The transport that sends.
        name: The backend's name.
        show: Makes a text of a payload's content.
    """

    def __init__(self, transport: Transport, name: str, show: Callable[[bytes], str]) -> None:
        self._transport = transport
        self._name = name
        self._show = show
        if not LOGGER.isEnabledFor(logging.INFO):
            LOGGER.warning(
                "%s: debug is on, but logging does not show INFO of %s", name, LOGGER.name
            )

    def send(self, payload: Payload) -> Outcome:
        """Send ``payload`` as the transport does."""
        LOGGER.info(
            "%s: sending %d exchange(s): %s", self._name, len(payload), self._show(payload.content)
        )
        outcome = self._transport.send(payload)
        status = "no answer" if outcome.status_code is None else f"HTTP {outcome.status_code}"
        LOGGER.info("%s: %s %s %s", self._name, status, outcome.error, outcome.mend)
        return outcome

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()
