"""The link from a response to its log on the project's ReadMe site.

ReadMe's packages answer with ``x-documentation-url: {base}/logs/{id}``. The base is the
``base_log_url`` option; without one it is looked up at ReadMe's dashboard, by the worker, once
the first logs were accepted. A request never waits for it: until the base is known, there is
no header.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..exceptions import ConfigurationError
from ..options import checked
from ..transport.policy import URL

if TYPE_CHECKING:
    from ..payload import Outcome, Payload, Transport
    from ..transport.client import HttpClient

HEADER = "x-documentation-url"

KNOWN_SECONDS = 24 * 60 * 60.0
"""How long a base that was looked up holds; ReadMe's own packages keep it as long."""

RETRY_SECONDS = 120.0
"""After how long a look-up that failed is tried again."""


class DocumentationLinks:
    """The base of the links, as far as it is known. Any thread may ask; one looks it up.

    Args:
        base: The base, or ``None`` if it is to be looked up.
        clock: The time in seconds, on a clock that is never set back.
    """

    def __init__(self, base: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._base = base and base.rstrip("/")
        self._fixed = base is not None
        self._clock = clock
        self._due = clock()

    def url(self, exchange_id: str) -> str | None:
        """Return the address of an exchange's log, ``None`` as long as the base is not known."""
        base = self._base
        return None if base is None else f"{base}/logs/{exchange_id}"

    def header(self, exchange_id: str) -> tuple[str, str] | None:
        """Return the response header for an exchange, ``None`` as long as there is none."""
        url = self.url(exchange_id)
        return None if url is None else (HEADER, url)

    def refresh(self, look_up: Callable[[], str | None]) -> None:
        """Look the base up if that is due; an old one holds until there is a new one."""
        if self._fixed or self._clock() < self._due:
            return
        found = look_up()
        self._base = found or self._base
        self._due = self._clock() + (KNOWN_SECONDS if found else RETRY_SECONDS)


class LinkingTransport:
    """Sends as ``transport`` does, and refreshes the links when the backend has accepted logs."""

    def __init__(
        self, transport: Transport, links: DocumentationLinks, look_up: Callable[[], str | None]
    ) -> None:
        self._transport = transport
        self._links = links
        self._look_up = look_up

    def send(self, payload: Payload) -> Outcome:
        """Send ``payload`` once and say what came of it."""
        outcome = self._transport.send(payload)
        if outcome.accepted:
            self._links.refresh(self._look_up)
        return outcome

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()


def base_url(client: HttpClient, project: str, headers: Mapping[str, str]) -> str | None:
    """Ask the dashboard for the project's ``baseUrl``; ``None`` if it gives none."""
    answer = client.request("GET", project, headers)
    if answer.status_code != 200:
        return None
    try:
        base = json.loads(answer.content)["baseUrl"]
        return str(checked("baseUrl", base, URL)).rstrip("/")
    except (ValueError, LookupError, TypeError, ConfigurationError):
        return None
