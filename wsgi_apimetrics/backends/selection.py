"""Which exchanges a backend wants, and who called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..options import FUNCTION, STRINGS, option, optional


@dataclass(frozen=True, slots=True)
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
