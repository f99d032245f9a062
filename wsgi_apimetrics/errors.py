"""Errors of an exchange, turned into text at once: no frame and no exception is kept alive.

What is kept is bounded: so many characters of a message and of a stack trace, so many frames
of each exception, so many links of the chain.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from typing import Any, overload

from .current import current, exchange_of
from .reported import ErrorRecord

MAX_MESSAGE = 4_096
"""Characters kept of a message."""
MAX_STACK_TRACE = 32_768
"""Characters kept of a stack trace, half of them from either end."""
_MAX_FRAMES = 50
_MAX_CHAIN = 100


def error_record(error: BaseException, when: float) -> ErrorRecord:
    """Return ``error`` as text.

    The root is the end of the chain along ``__cause__``, or ``__context__`` where it is not
    suppressed: the exception that a traceback prints first.

    Args:
        error: The exception, with its traceback if it was raised.
        when: Unix time in seconds at which it was noticed.
    """
    *_, root = _chain(error)
    # Also makes a text of an exception whose __str__ fails.
    printed = traceback.TracebackException.from_exception(error, limit=-_MAX_FRAMES, compact=True)
    first = traceback.TracebackException(type(root), root, None, compact=True)
    return ErrorRecord(
        type=_name(error),
        message=_beginning(str(printed)),
        root_type=_name(root),
        root_message=_beginning(str(first)),
        stack_trace=_ends("".join(printed.format())),
        when=when,
    )


@overload
def report_error(request: object, error: BaseException, /) -> bool: ...


@overload
def report_error(error: BaseException, /) -> bool: ...


def report_error(*args: Any) -> bool:  # noqa: D417 - documented by the names of the overloads
    """Report an error that the app has dealt with: ``report_error(request, error)``.

    It is sent with the exchange during which it happened; any number may be reported, from
    anywhere below the app, until the response is closed. An exception that leaves the app is
    reported without this.

    Args:
        request: The framework's request or the environ. May be left out: then it is the
            request that this context serves.
        error: The exception.

    Returns:
        Whether there was an exchange to report it with.

    >>> report_error(ValueError("outside of any request"))
    False
    """
    request, error = args if len(args) == 2 else (None, *args)
    exchange = current.get() if request is None else exchange_of(request)
    if exchange is None or not isinstance(error, BaseException):
        return False
    exchange.add_error(error_record(error, time.time()))
    return True


def is_same(earlier: ErrorRecord, later: ErrorRecord) -> bool:
    """Whether two records are of one exception, seen twice on its way up.

    Its identity proves nothing, as the next exception may get its address; and what it was
    raised after may have grown in between.
    """
    return (earlier.type, earlier.message, _raised_at(earlier)) == (
        later.type,
        later.message,
        _raised_at(later),
    )


def _raised_at(record: ErrorRecord) -> str:
    """Return the line of the stack trace that names where the exception came from."""
    places = [line for line in record.stack_trace.splitlines() if line.startswith("  File ")]
    return places[-1] if places else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and what led to it, each once: a chain may be a circle."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(seen) < _MAX_CHAIN:
        yield link
        seen.add(id(link))
        if link.__cause__ is not None or link.__suppress_context__:
            link = link.__cause__
        else:
            link = link.__context__


def _name(error: BaseException) -> str:
    kind = type(error)
    module = "" if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def _beginning(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 3]}..."


def _ends(text: str) -> str:
    if len(text) <= MAX_STACK_TRACE:
        return text
    mark = "\n[...]\n"
    half = (MAX_STACK_TRACE - len(mark)) // 2
    return f"{text[:half]}{mark}{text[-half:]}"
