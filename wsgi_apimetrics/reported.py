"""What is reported of an exchange while it runs: who called, and what went wrong.

Apart from the rest of :mod:`wsgi_apimetrics.exchange`, which only the worker makes: the request's
thread must not wait for an import.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Who called, as the grouping function said: ReadMe's ``group``."""

    id: str
    label: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """One error of an exchange, as text: no frame and no exception is kept alive.

    ``root_*`` describe the end of the chain along ``__cause__`` and ``__context__``; ``when``
    is Unix time in seconds.
    """

    type: str
    message: str
    root_type: str
    root_message: str
    stack_trace: str
    when: float
