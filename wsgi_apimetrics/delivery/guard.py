"""The one place where the worker catches everything.

What runs on the worker is other people's: hooks, encoders, a transport. Whatever one of them
raises must cost the exchange or the attempt that it was for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> T | Exception:
    """Return what ``call`` returns, or the exception that it raised.

    A ``SystemExit`` from a hook would end the worker's thread without a word, so it counts as
    a failure too; other things that are no ``Exception`` (a greenlet's end) go through.
    """
    try:
        return call()
    except SystemExit as error:
        return RuntimeError(f"SystemExit: {error}")
    except Exception as error:
        return error
