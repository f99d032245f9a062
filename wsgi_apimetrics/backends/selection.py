"""Which exchanges a backend wants, and who called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..options import BOOLEAN, FUNCTION, STRINGS, Kind, list_from_text, number, option, optional

Rates = tuple[tuple[str, float], ...]
"""Shares by status (``404``, ``5xx``) or by route (a glob)."""


def _statuses(value: Any) -> tuple[str, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError("a list belongs here")
    codes = tuple(str(item) for item in value)
    for code in codes:
        if not is_status(code):
            raise ValueError(f"{code!r} is in it")
    return codes


def _rates(value: Any) -> Rates:
    pairs = tuple(value.items() if isinstance(value, Mapping) else value)
    share = number(0, 1)
    for key, rate in pairs:
        share.check(rate)
        if not isinstance(key, (str, int)):
            raise TypeError(f"{key!r} is no status and no route")
    return tuple((str(key), float(rate)) for key, rate in pairs)


def _rates_from_text(text: str) -> list[tuple[str, float]]:
    parts = (item.rpartition("=") for item in list_from_text(text))
    return [(key.strip(), float(rate)) for key, _, rate in parts]


def is_status(pattern: str) -> bool:
    """Whether ``pattern`` is a status code (``404``) or a class of them (``4xx``)."""
    return re.fullmatch("[1-5](?:[0-9]{2}|xx)", pattern, re.IGNORECASE) is not None


STATUSES = Kind("a list of status codes (404) and classes of them (4xx)", _statuses, list_from_text)
RATES = Kind(
    "statuses (404, 5xx) or route globs with a share from 0 to 1 each", _rates, _rates_from_text
)


@dataclass(frozen=True, slots=True, eq=False)
class SelectionPolicy:
    """Options that choose among exchanges; for the middleware or for one backend."""

    grouping_function: Callable[[Any], Any] | None = option(
        None,
        optional(FUNCTION),
        "Takes the request and returns who called: a dict with api_key (or id), label and "
        "email, or None for a request that is not to be logged.",
    )
    allowed_http_hosts: tuple[str, ...] | None = option(
        None,
        optional(STRINGS),
        "Only requests to these hosts are logged; compared without case, and without port "
        "unless one is given.",
    )
    sample_rate: float = option(
        1.0, number(0, 1), "The share of exchanges that is kept; it travels with each of them."
    )
    sample_rates: Rates | None = option(
        None,
        optional(RATES),
        "The share by status or by route, before sample_rate: {'2xx': 0.1, '/health*': 0}; a "
        "status counts before a route.",
    )
    keep_errors: bool = option(
        False, BOOLEAN, "Keep every exchange with an error or a 5xx status, whatever the rates."
    )
    exclude_status_codes: tuple[str, ...] | None = option(
        None, optional(STATUSES), "Responses with these status codes (404, 3xx) are not logged."
    )
    exclude: Callable[[Any], Any] | None = option(
        None,
        optional(FUNCTION),
        "Takes the exchange, off the request's thread; a true answer leaves it out, and so does "
        "a failure.",
    )
