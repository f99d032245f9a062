"""Rules, compiled once, applied to every exchange, fail-closed.

The only maker of :class:`~wsgi_apimetrics.exchange.RedactedExchange`.
"""
