"""The one place where the worker catches everything.

What runs on the worker is other people's: hooks, encoders, a transport. Whatever one of them
raises must cost the exchange or the attempt that it was for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def attempt(call: Callable[..., T], *args: Any) -> T | Exception:
    """Return what ``call`` returns, or the exception that it raised.

    A ``SystemExit`` from a hook would end the worker's thread without a word, so it counts as
    a failure too; other things that are no ``Exception`` (a greenlet's end) go through.
    """
    try:
        return call(*args)
    except (Exception, SystemExit) as error:
        return error if isinstance(error, Exception) else RuntimeError(f"SystemExit: {error}")


def in_stages(items: Iterable[Any], *stages: Callable[[Any], Any]) -> list[Any]:
    """Take all ``items`` through one stage after the other.

    What a stage does is then in the processor's caches for all but the first of them: an item at
    a time takes a quarter longer. One that fails comes out as its exception, in its place, and
    misses the stages behind.
    """
    made = list(items)
    for stage in stages:
        made = [one if isinstance(one, Exception) else attempt(stage, one) for one in made]
    return made
