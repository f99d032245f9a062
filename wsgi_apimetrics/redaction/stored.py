"""An exchange that was redacted before it was stored, as what it is: redacted."""

from __future__ import annotations

from dataclasses import fields

from ..exchange import Exchange, RedactedExchange
from ..jsonline import StoredExchange

_FIELDS = [field.name for field in fields(Exchange)]


def remembered(stored: StoredExchange) -> RedactedExchange:
    """Return a stored exchange with the notes of what was taken out of it.

    For the redactor of the backend that it goes to next: it adds that one's rules, and leaves
    what is masked or marked already as it is. What was never redacted has no notes, and is
    treated as any other exchange.
    """
    values = {name: getattr(stored.exchange, name) for name in _FIELDS}
    return RedactedExchange(**values, redactions=stored.redactions)
