"""The transport of every backend that takes payloads by HTTP POST."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ..payload import Outcome, Payload
from .answer import Answer

if TYPE_CHECKING:
    from .client import HttpClient


class HttpTransport:
    """POST every payload to one URL with the same headers.

    Args:
        client: The connections; closed with the transport.
        url: Where to.
        headers: What to send beside Content-Type.
        secrets: Texts that must not show in an outcome; values of ``headers`` named
            Authorization, or with "key" in the name, are taken as such anyway.
        read: Adds to an outcome what this backend's answers say of their own.
    """

    def __init__(
        self,
        client: HttpClient,
        url: str,
        headers: Mapping[str, str],
        secrets: Iterable[str] = (),
        read: Callable[[Outcome, Answer], Outcome] = lambda outcome, _: outcome,
    ) -> None:
        self._client = client
        self._url = url
        self._headers = dict(headers)
        self._read = read
        self._secrets = (*secrets, *_credentials(self._headers))

    def send(self, payload: Payload) -> Outcome:
        """Send ``payload`` once and say what came of it. Never raises for the network."""
        headers = {**self._headers, "Content-Type": payload.content_type}
        answer = self._client.request("POST", self._url, headers, payload.content)
        return self._read(answer.outcome(self._secrets), answer)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _credentials(headers: Mapping[str, str]) -> list[str]:
    found = []
    for name, value in headers.items():
        if name.lower() == "authorization" or "key" in name.lower():
            found += [value, value.rpartition(" ")[2]]
    return found
