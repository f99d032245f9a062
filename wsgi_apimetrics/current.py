"""The exchange that is being served right now, in this context.

Set by the capture when a request comes in and given back when its response is closed, so that
code anywhere below the app (:func:`wsgi_apimetrics.errors.report_error`, observed outgoing
calls) can say which exchange it belongs to. Outside any request there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from .reported import ErrorRecord

RECORD_KEY = "wsgi_apimetrics.record"
"""Where a request's environ holds its :class:`CurrentExchange`."""


class CurrentExchange(Protocol):
    """What can be asked of an exchange under way.

    Attributes:
        errors: What was reported so far.
    """

    errors: tuple[ErrorRecord, ...]

    def add_error(self, record: ErrorRecord) -> None:
        """Report one more."""

    @property
    def id(self) -> str:
        """The exchange's id, a version 4 UUID."""
        ...

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits: see :func:`wsgi_apimetrics.trace.trace_of`."""
        ...


current: ContextVar[CurrentExchange | None] = ContextVar("wsgi_apimetrics_current", default=None)


def exchange_of(request: object) -> CurrentExchange | None:
    """Return the exchange that serves ``request``, or the current one.

    Args:
        request: An environ, or a framework's request: Flask's, Werkzeug's, Pyramid's and
            Bottle's have it as ``environ``, Falcon's as ``env``, Django's as ``META``.
    """
    if isinstance(request, Mapping):
        environ: Any = request
    else:
        environ = next(
            (
                found
                for name in ("environ", "env", "META")
                if isinstance(found := getattr(request, name, None), Mapping)
            ),
            {},
        )
    return environ.get(RECORD_KEY) or current.get()
