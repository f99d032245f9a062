"""Which middleware takes an outgoing call: that of the request during which it is made.

Outside of any request it is the one that was built last. They are known weakly: a middleware
that nobody holds any more is not kept alive by this.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .capture.policy import CapturePolicy
    from .current import CurrentExchange
    from .middleware import ApiMetricsMiddleware


class _Announced(NamedTuple):
    middleware: weakref.ref[ApiMetricsMiddleware]
    policy: CapturePolicy


_announced: list[_Announced] = []


def announce(middleware: ApiMetricsMiddleware, policy: CapturePolicy) -> None:
    """Make a middleware known, and its capture policy, by which its exchanges are told."""
    living = [one for one in _announced if one.middleware() is not None]
    _announced[:] = [*living, _Announced(weakref.ref(middleware), policy)]


def middleware_of(exchange: CurrentExchange | None) -> ApiMetricsMiddleware | None:
    """Return the middleware that captures ``exchange``, else the one that was built last."""
    policy = getattr(exchange, "policy", None)
    living = [(found, one.policy) for one in _announced if (found := one.middleware()) is not None]
    for middleware, own in living:
        if own is policy:
            return middleware
    return living[-1][0] if living else None
