"""ReadMe Metrics' wire format: an array of logs, each a HAR 1.2 document with the caller.

The contract is the vendor's Developer Metrics API and what its own packages send: ``group``,
``clientIPAddress`` and ``request`` are required; ``development`` is taken for true where it is
missing, so it is always sent; ``_id`` is ours, which makes a second try harmless.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from .._version import __version__
from ..exceptions import ExchangeDropped
from ..exchange import Group, RedactedExchange
from ..payload import Fragment, Payload
from ..stats import DropReason
from .har import entry
from .json import dumps

CREATOR = "wsgi-apimetrics, readme-metrics (python)"
"""Ours, and the form by which ReadMe tells its packages' languages apart."""

FORMAT_VERSION = 3


NOBODY_SAID = "nothing says who called, and ReadMe takes no log without: give grouping_function"


class ReadMeEncoder:
    """Encodes exchanges for ReadMe.

    Args:
        development: Whether the logs are of development, not of production.
    """

    def __init__(self, *, development: bool = False) -> None:
        self._development = development

    def encode(self, exchange: RedactedExchange) -> Fragment:
        """Encode one exchange.

        Raises:
            ExchangeDropped: nobody knows who called; ReadMe takes no log without a group.
        """
        if exchange.group is None:
            raise ExchangeDropped(DropReason.NO_GROUP, NOBODY_SAID)
        return Fragment(exchange.id, dumps(self._log(exchange, exchange.group)))

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        """Join encoded logs to the array that one request carries."""
        return Payload(
            b"[" + b",".join(fragment.content for fragment in fragments) + b"]",
            "application/json",
            tuple(fragment.id for fragment in fragments),
        )

    def _log(self, exchange: RedactedExchange, group: Group) -> dict[str, Any]:
        return {
            "_id": exchange.id,
            "_version": FORMAT_VERSION,
            "group": _group(group),
            "clientIPAddress": exchange.request.client_address,
            "development": self._development,
            "request": {
                "log": {"version": "1.2", "creator": _creator(), "entries": [entry(exchange)]}
            },
        }


def _group(group: Group) -> dict[str, str]:
    known = {"id": group.id, "label": group.label, "email": group.email}
    return {name: value for name, value in known.items() if value is not None}


@cache
def _creator() -> dict[str, str]:
    """HAR's creator; the comment is ``{machine}-{system}{release}/{Python's version}``."""
    system = f"{platform.machine()}-{platform.system().lower()}{platform.release()}"
    return {
        "name": CREATOR,
        "version": __version__,
        "comment": f"{system}/{sys.version.partition(' ')[0]}",
    }
