"""Applies the rules to one exchange: the only place where a redacted exchange is made."""

from __future__ import annotations

from dataclasses import fields, replace

from ..exchange import Exchange, Headers, RedactedExchange, Redaction
from .mask import mask
from .policy import RedactionPolicy
from .vocabulary import Vocabulary

_SENSITIVE = frozenset({"cookie", "set-cookie", "proxy-authorization", "x-api-key"})
_FIELDS = [field.name for field in fields(Exchange)]


class Redactor:
    """One backend's rules."""

    def __init__(self, policy: RedactionPolicy, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._denied = _SENSITIVE | {name.lower() for name in policy.denylist or ()}
        self._allowed = policy.allowlist and {name.lower() for name in policy.allowlist}

    def redact(self, exchange: Exchange) -> RedactedExchange:
        """Return the exchange without what the rules name."""
        if isinstance(exchange, RedactedExchange):
            return exchange
        found: list[Redaction] = []
        request = replace(
            exchange.request, headers=self._headers(exchange.request.headers, "request", found)
        )
        response = replace(
            exchange.response, headers=self._headers(exchange.response.headers, "response", found)
        )
        group = exchange.group and replace(exchange.group, id=mask(exchange.group.id))
        values = {name: getattr(exchange, name) for name in _FIELDS}
        values.update(request=request, response=response, group=group)
        return RedactedExchange(**values, redactions=tuple(found))

    def _headers(self, headers: Headers, side: str, found: list[Redaction]) -> Headers:
        kept = []
        for name, value in headers:
            key = name.lower()
            if key in self._denied or (self._allowed is not None and key not in self._allowed):
                found.append(Redaction(f"{side}.headers.{name}", name))
                kept.append((name, self._vocabulary.marker(len(value))))
            elif key == "authorization" and self._vocabulary.masks_authorization:
                kept.append((name, mask(value)))
            else:
                kept.append((name, value))
        return tuple(kept)
