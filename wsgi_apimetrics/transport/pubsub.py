"""APIToolkit's Google Pub/Sub topic, by REST (``projects.topics.publish``).

The topic, and the account that signs for it, come from APIToolkit with the key's metadata.
They are asked for when the first payload is sent, and again when Google says that they are no
longer good; so a topic that moved or a key that was changed mends itself. Whatever does not is
an outcome with the remedy in words, and the payload is as whole as before.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol
from urllib.parse import quote

from ..payload import Outcome, Payload
from .answer import Answer
from .google import AUDIENCE, ServiceToken
from .metadata import Metadata, metadata_of

PUBSUB = AUDIENCE.rstrip("/")
_CLOCK_TOLERANCE_SECONDS = 60
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class Client(Protocol):
    """What is needed of :class:`~wsgi_apimetrics.transport.client.HttpClient`."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        """Send one request and say what came back. Never raises for the network."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class PubSubTransport:
    """Publish payloads of :mod:`wsgi_apimetrics.encoding.apitoolkit`.

    Args:
        client: The connections; closed with the transport.
        root_url: Where APIToolkit is, without a slash at the end.
        api_key: The key to a project there.
        emulator: ``host:port`` of a Pub/Sub emulator, to which one publishes without a token.
    """

    def __init__(
        self, client: Client, root_url: str, api_key: str, emulator: str | None = None
    ) -> None:
        self._client = client
        self._metadata_url = f"{root_url}/api/client_metadata"
        self._api_key = api_key
        self._pubsub = f"http://{emulator}" if emulator else PUBSUB
        self._signs = not emulator
        self._lock = threading.Lock()  # requests' own threads may send: see the delivery options
        self._metadata: Metadata | None = None
        self._token: ServiceToken | None = None

    def send(self, payload: Payload) -> Outcome:
        """Publish ``payload`` and say what came of it. Never raises for the network.

        A token that is refused is renewed once, metadata that lead nowhere are fetched once.
        """
        with self._lock:
            failure = None if self._metadata else self._learn()
            if failure is not None:
                return failure
            answer = self._publish(payload)
            mend = ""
            if answer.status_code == 401 and self._token is not None:
                mend = self._renewed(self._token, answer)
                answer = self._publish(payload)
            if answer.status_code in {401, 403, 404}:
                before = self._metadata
                failure = self._learn()
                if failure is not None:
                    return failure
                if self._metadata != before:
                    answer = self._publish(payload)
            return self._outcome(answer, mend)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _learn(self) -> Outcome | None:
        """Fetch the metadata; returns what came of it if that was not what is needed."""
        headers = {"Authorization": f"Bearer {self._api_key}", "Accept": "application/json"}
        answer = self._client.request("GET", self._metadata_url, headers)
        if answer.status_code != 200:
            return replace(answer.outcome([self._api_key]), mend=self._metadata_mend(answer))
        metadata = metadata_of(answer)
        if metadata is None:
            return Outcome(error=f"{self._metadata_url} answered, but not with a key's metadata")
        if self._signs and (self._token is None or metadata != self._metadata):
            try:
                self._token = ServiceToken(metadata.account)
            except ValueError as error:
                return Outcome(error=f"{self._metadata_url}: {error}")
        self._metadata = metadata
        return None

    def _publish(self, payload: Payload) -> Answer:
        metadata, headers = self._metadata, _JSON
        assert metadata is not None
        if self._token is not None:
            headers = {**_JSON, "Authorization": f"Bearer {self._token.value()}"}
        url = f"{self._pubsub}/v1/{quote(metadata.topic, safe='/~+')}:publish"
        return self._client.request("POST", url, headers, publish_request(payload, metadata))

    def _renewed(self, token: ServiceToken, answer: Answer) -> str:
        ahead = token.renew(answer.headers.get("date"))
        if abs(ahead) <= _CLOCK_TOLERANCE_SECONDS:
            return ""
        return f"set this machine's clock: it is {abs(ahead):.0f} s off"

    def _metadata_mend(self, answer: Answer) -> str:
        if answer.status_code in {401, 403}:
            return f"APIToolkit refuses the api_key ({self._metadata_url}): check api_key"
        if answer.status_code == 404:
            return f"there is no {self._metadata_url}: check root_url"
        return f"{self._metadata_url} does not answer as it should"

    def _outcome(self, answer: Answer, mend: str) -> Outcome:
        topic = self._metadata.topic if self._metadata else ""
        if answer.status_code == 404:
            mend = f"the topic {topic} that APIToolkit names is not there: ask its support"
        elif answer.status_code in {401, 403} and not mend:
            mend = f"Google does not let APIToolkit's account publish to {topic}: ask its support"
        return replace(answer.outcome([self._api_key]), mend=mend)


def publish_request(payload: Payload, metadata: Metadata) -> bytes:
    """Return the body of a publish request: each line of the payload is one message."""
    project = f'{{"project_id":"{metadata.project_id}",'.encode()
    messages = [
        b'{"data":"%b"}' % base64.b64encode(project + line[1:])
        for line in payload.content.split(b"\n")
    ]
    return b'{"messages":[%b]}' % b",".join(messages)
