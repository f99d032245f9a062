"""Exchanges of a store or a HAR file through a backend's own rules and encoder.

What comes from a store went through redaction before: it goes through the backend's rules once
more, and what is masked already stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..backends.base import Parts
from ..exchange import Exchange, Headers, RedactedExchange
from ..payload import Fragment, Payload
from ..redaction.policy import RedactionPolicy
from ..redaction.redactor import Redactor
from ..redaction.vocabulary import Vocabulary

_MASK = re.compile(r"sha512-[A-Za-z0-9+/]{86}==\?.{0,4}", re.DOTALL)


def redaction(parts: Parts) -> Callable[[Exchange], RedactedExchange]:
    """Return the backend's redaction, for exchanges that may have been redacted before."""
    return redacted_again(parts.redaction, parts.vocabulary)


def redacted_again(
    policy: RedactionPolicy, vocabulary: Vocabulary
) -> Callable[[Exchange], RedactedExchange]:
    """Return a redaction by these rules, for exchanges that may have been redacted before."""
    redact = Redactor(policy, vocabulary).redact

    def again(exchange: Exchange) -> RedactedExchange:
        once = redact(exchange)
        if exchange.group is not None and _MASK.fullmatch(exchange.group.id):
            once = replace(once, group=exchange.group)
        headers = _masks_kept(exchange.request.headers, once.request.headers)
        return replace(once, request=replace(once.request, headers=headers))

    return again


def preparation(parts: Parts) -> Callable[[Exchange], Fragment]:
    """Return the backend's redaction and encoding."""
    redact, encode = redaction(parts), parts.encoder.encode
    return lambda exchange: encode(redact(exchange))


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


def _masks_kept(before: Headers, after: Headers) -> Headers:
    """Put a mask back that was masked once more; a marker in its place stays."""
    if len(before) != len(after):
        return after
    return tuple(
        old if old[1] != new[1] and _MASK.fullmatch(old[1]) and _MASK.fullmatch(new[1]) else new
        for old, new in zip(before, after, strict=True)
    )
