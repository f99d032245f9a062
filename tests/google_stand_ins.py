"""Google and APIToolkit, played on loopback: a service account, ``client_metadata``, a topic."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import time
from email.utils import formatdate

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from servers import Answer, Got

from wsgi_apimetrics.transport.google import AUDIENCE

PROJECT = "5a9f0c0e-1c1f-4b59-9d6c-0d7d4c1f2e3a"
API_KEY = "bXktc2VjcmV0LWtleQ=="


@dataclasses.dataclass(frozen=True)
class Account:
    """A service account: what APIToolkit hands out, and what Google checks by."""

    info: dict
    public_pem: bytes


@functools.cache
def account(name="pusher"):
    """Return a service account with a key pair of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    email = f"{name}@past-3.iam.gserviceaccount.com"
    return Account(
        {
            "type": "service_account",
            "client_email": email,
            "private_key": pem.decode(),
            "private_key_id": f"id-of-{name}",
        },
        public,
    )


class APIToolkitAndGoogle:
    """Answers both for APIToolkit's metadata and for Google's Pub/Sub, and checks tokens.

    Attributes:
        key: The only key that is taken.
        topic: The only topic that is there.
        named: The topic that the metadata name.
        handed_out, trusted: The account in the metadata, and the one whose tokens are good.
        ahead: Seconds that Google's clock is ahead of this machine's.
        messages: The data of every published message.
        metadata: What to answer in place of the metadata, if anything.
    """

    def __init__(self):
        self.key = API_KEY
        self.topic = self.named = "topic-1"
        self.handed_out = self.trusted = account()
        self.ahead = 0.0
        self.messages = []
        self.metadata = None
        self.publish = None
        self.tokens = []

    def __call__(self, got: Got) -> Answer:
        if got.target == "/api/client_metadata":
            return self._metadata(got)
        return self._publish(got)

    def _metadata(self, got):
        if got.headers.get("Authorization") != f"Bearer {self.key}":
            return Answer(401)
        if self.metadata is not None:
            return self.metadata
        said = {
            "project_id": PROJECT,
            "topic_id": self.named,
            "pubsub_project_id": "past-3",
            "pubsub_push_service_account": self.handed_out.info,
        }
        return Answer(200, body=json.dumps(said).encode())

    def _publish(self, got):
        if self.publish is not None:
            return self.publish
        now = time.time() + self.ahead
        headers = {"Date": formatdate(now, usegmt=True)}
        if not self._good(got.headers.get("Authorization", ""), now):
            return Answer(401, headers, b'{"error": {"status": "UNAUTHENTICATED"}}')
        if got.target != f"/v1/projects/past-3/topics/{self.topic}:publish":
            return Answer(404, headers, b'{"error": {"status": "NOT_FOUND"}}')
        assert len(got.body) <= 10_000_000
        data = [
            base64.b64decode(m["data"], validate=True) for m in json.loads(got.body)["messages"]
        ]
        self.messages += data
        ids = [str(number) for number in range(len(data))]
        return Answer(200, headers, json.dumps({"messageIds": ids}).encode())

    def _good(self, authorization, now):
        """Check a token as Google does: the key, who signed, for whom, and when."""
        token = authorization.removeprefix("Bearer ")
        self.tokens.append(token)
        try:
            claims = jwt.decode(
                token, certs=self.trusted.public_pem, verify=True, clock_skew_in_seconds=10**9
            )
        except ValueError:
            return False
        return (
            jwt.decode_header(token)["alg"] == "RS256"
            and claims["aud"] == AUDIENCE
            and claims["iss"] == claims["sub"] == self.trusted.info["client_email"]
            and claims["iat"] - 300 <= now <= claims["exp"] + 300
            and claims["exp"] - claims["iat"] <= 3600
        )
