"""JSON Lines, lossless: what the local store keeps, and what ``export`` writes.

One exchange is one line (:mod:`wsgi_apimetrics.jsonline`), and a payload is lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import jsonline
from ..exchange import RedactedExchange
from ..payload import Fragment, Payload

CONTENT_TYPE = "application/x-ndjson"


class LocalEncoder:
    """Encode for the local store.

    >>> from wsgi_apimetrics.encoding.local import LocalEncoder
    >>> LocalEncoder().pack([]).content
    b''
    """

    def encode(self, exchange: RedactedExchange) -> Fragment:
        """Write one exchange, with the notes of what was taken out of it, as a line."""
        return Fragment(exchange.id, jsonline.dumps(exchange, exchange.redactions))

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        """Join the lines."""
        content = b"\n".join(fragment.content for fragment in fragments)
        return Payload(content, CONTENT_TYPE, tuple(fragment.id for fragment in fragments))
