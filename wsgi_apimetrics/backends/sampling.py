"""Less, when less is wanted: which exchanges are excluded, and the share that is kept.

A pure function of the exchange and the options. The draw is the exchange's id, so every
backend with the same rate keeps the same exchanges, and nothing has to be remembered. The
rate travels with the exchange: each one that is kept stands for 1/rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ..exceptions import ExchangeDropped
from ..stats import DropReason
from .selection import SelectionPolicy, is_status

if TYPE_CHECKING:
    from ..exchange import Exchange


class Selection:
    """One backend's choice among exchanges, compiled from its options."""

    __slots__ = ("_by_route", "_by_status", "_exclude", "_excluded", "_keep_errors", "_rate", "all")

    def __init__(self, policy: SelectionPolicy) -> None:
        rates = policy.sample_rates or ()
        self._rate = policy.sample_rate
        self._by_status = {key.lower(): rate for key, rate in rates if is_status(key)}
        self._by_route = tuple((key, rate) for key, rate in rates if not is_status(key))
        self._keep_errors = policy.keep_errors
        self._excluded = frozenset(code.lower() for code in policy.exclude_status_codes or ())
        self._exclude = policy.exclude
        self.all = self._rate == 1 and not (rates or self._excluded or self._exclude)
        """Whether every exchange is wanted: there is nothing to ask."""

    def judge(
        self, exchange_id: str, route: str, status_code: int, *, failed: bool
    ) -> float | DropReason:
        """Return the share that is kept of such exchanges, or why this one is not.

        Args:
            exchange_id: The id, which is the draw.
            route: The route's template, or the path where none matched.
            status_code: The response's status.
            failed: Whether an error was recorded.
        """
        code, family = str(status_code), f"{status_code // 100}xx"
        if self._excluded and (code in self._excluded or family in self._excluded):
            return DropReason.EXCLUDED
        if self._keep_errors and (failed or status_code >= 500):
            return 1.0
        rate = self._rate_of(route, code, family)
        return rate if _draw(exchange_id) < rate else DropReason.SAMPLED

    def select(self, exchange: Exchange) -> Exchange:
        """Return ``exchange`` with its rate.

        Raises:
            ExchangeDropped: it is not wanted (``EXCLUDED``, ``SAMPLED``), or ``exclude``
                failed, which counts as a no (``HOOK_FAILED``).
        """
        if self.all:
            return exchange
        route = exchange.route or exchange.request.path
        status = exchange.response.status_code
        verdict = self.judge(exchange.id, route, status, failed=bool(exchange.errors))
        if isinstance(verdict, DropReason):
            raise ExchangeDropped(verdict)
        if self._exclude is not None and _asked(self._exclude, exchange):
            raise ExchangeDropped(DropReason.EXCLUDED)
        return replace(exchange, sample_rate=verdict)

    def _rate_of(self, route: str, code: str, family: str) -> float:
        for key in (code, family):
            if key in self._by_status:
                return self._by_status[key]
        for pattern, rate in self._by_route:
            if fnmatchcase(route, pattern):
                return rate
        return self._rate


def _asked(exclude: Callable[[Any], Any], exchange: Exchange) -> bool:
    try:
        return bool(exclude(exchange))
    except Exception as error:
        raise ExchangeDropped(DropReason.HOOK_FAILED, type(error).__name__) from error


def _draw(exchange_id: str) -> float:
    """The first 32 bits of a version 4 UUID, which are random, as a number from 0 to 1."""
    try:
        return int(exchange_id[:8], 16) / 2**32
    except ValueError:
        return 0.0
