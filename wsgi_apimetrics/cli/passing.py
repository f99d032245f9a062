"""Exchanges of a store or a HAR file through a backend's own rules and encoder.

What comes from a store went through redaction before: it goes through the backend's rules once
more, and what is masked already stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..backends.base import Parts
from ..exchange import RedactedExchange
from ..jsonline import StoredExchange
from ..payload import Fragment, Payload
from ..redaction.policy import RedactionPolicy
from ..redaction.redactor import Redactor
from ..redaction.stored import remembered
from ..redaction.vocabulary import Vocabulary


def redacted_again(
    policy: RedactionPolicy, vocabulary: Vocabulary
) -> Callable[[StoredExchange], RedactedExchange]:
    """Return a redaction by these rules, for exchanges that may have been redacted before."""
    redact = Redactor(policy, vocabulary).redact
    return lambda stored: redact(remembered(stored))


def preparation(parts: Parts) -> Callable[[StoredExchange], Fragment]:
    """Return the backend's redaction and encoding."""
    redact, encode = redacted_again(parts.redaction, parts.vocabulary), parts.encoder.encode
    return lambda stored: encode(redact(stored))


def packed(parts: Parts, fragments: Sequence[Fragment]) -> list[Payload]:
    """Join fragments to as few payloads as the backend's limits allow."""
    payloads: list[Payload] = []
    batch: list[Fragment] = []
    room = parts.limits.max_bytes
    for fragment in fragments:
        size = len(fragment.content)
        if batch and (len(batch) == parts.limits.max_exchanges or size > room):
            payloads.append(parts.encoder.pack(batch))
            batch, room = [], parts.limits.max_bytes
        batch.append(fragment)
        room -= size
    if batch:
        payloads.append(parts.encoder.pack(batch))
    return payloads
