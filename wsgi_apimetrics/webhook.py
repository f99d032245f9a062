"""ReadMe's webhook signature: is a request for personalized docs really from ReadMe?

The header ``ReadMe-Signature: t=<Unix time in ms>,v0=<hex>`` holds the HMAC-SHA256 of ``t``, a
dot and the body under the project's secret. It is compared in constant time, and expires
after 30 minutes.
"""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from .exceptions import ApiMetricsError, ConfigurationError

VALID_SECONDS = 30 * 60


class VerificationError(ApiMetricsError):
    """The request is not from ReadMe, or too old: answer it with 401."""


class VerifyWebhook:
    """Verify one request; that nothing is raised means that it is from ReadMe.

    Args:
        body: The request's raw body, as ``request.get_data()`` gives it. A parsed body is
            accepted, since code that was written for ReadMe's own package passes one, and is
            put back to JSON as ReadMe writes it.
        signature: The ``ReadMe-Signature`` header, ``None`` if there was none.
        secret: The project's webhook secret.

    Raises:
        VerificationError: "Missing Signature", "Expired Signature" or "Invalid Signature".
        ConfigurationError: the secret is empty: anybody could sign with it.

    >>> VerifyWebhook(b'{"email": "a@b.c"}', None, "secret")
    Traceback (most recent call last):
    wsgi_apimetrics.webhook.VerificationError: Missing Signature
    """

    def __init__(self, body: Any, signature: str | None, secret: str) -> None:
        if not secret:
            raise ConfigurationError(
                "VerifyWebhook: the secret is empty; ReadMe's dashboard has it"
            )
        if signature is None:
            raise VerificationError("Missing Signature")
        moment, claimed = _parts(signature)
        if time.time() - int(moment) / 1000 > VALID_SECONDS:
            raise VerificationError("Expired Signature")
        signed = moment.encode("ascii") + b"." + _raw(body)
        right = hmac.new(secret.encode(), signed, "sha256").hexdigest()
        if not hmac.compare_digest(right.encode(), claimed.encode("utf-8", "replace")):
            raise VerificationError("Invalid Signature")


def _parts(signature: str) -> tuple[str, str]:
    """Return the time and the digest that a signature holds."""
    found = {}
    for element in signature.split(","):
        name, _, value = element.partition("=")
        found[name.strip()] = value.strip()
    moment, claimed = found.get("t", ""), found.get("v0", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 20 and claimed):
        raise VerificationError("Invalid Signature")
    return moment, claimed


def _raw(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
