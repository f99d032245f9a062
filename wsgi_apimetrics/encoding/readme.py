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
from json.encoder import encode_basestring_ascii

from .._version import __version__
from ..exceptions import ExchangeDropped
from ..exchange import Group, RedactedExchange
from ..payload import Fragment, Payload
from ..stats import DropReason
from .har import entry_pieces, object_text
from .json import Pieces, Quote, Quotes, written

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
        self._development = "true" if development else "false"

    def encode(self, exchange: RedactedExchange) -> Fragment:
        """Encode one exchange.

        Raises:
            ExchangeDropped: nobody knows who called; ReadMe takes no log without a group.
        """
        group = exchange.group
        if group is None:
            raise ExchangeDropped(DropReason.NO_GROUP, NOBODY_SAID)
        return Fragment(exchange.id, written(lambda quotes: self._log(exchange, group, quotes)))

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        """Join encoded logs to the array that one request carries."""
        # One copy of them all: a log may be of ten megabytes.
        pieces = [b","] * (2 * len(fragments) + 1)
        pieces[1::2] = [fragment.content for fragment in fragments]
        pieces[0], pieces[-1] = b"[", b"]" if fragments else b"[]"
        return Payload(
            b"".join(pieces),
            "application/json",
            tuple([fragment.id for fragment in fragments]),
        )

    def _log(self, exchange: RedactedExchange, group: Group, quotes: Quotes) -> Pieces:
        quote = quotes.text
        head = (
            f'{{"_id":{quote(exchange.id)},"_version":{FORMAT_VERSION},'
            f'"group":{_group(group, quote)},'
            f'"clientIPAddress":{quote(exchange.request.client_address)},'
            f'"development":{self._development},'
            f'"request":{{"log":{{"version":"1.2","creator":{_creator()},'
            f'"entries":['
        )
        return (head, *entry_pieces(exchange, quotes), "]}}}")


def _group(group: Group, quote: Quote) -> str:
    known = {"id": group.id, "label": group.label, "email": group.email}
    return object_text({name: said for name, said in known.items() if said is not None}, quote)


@cache
def _creator() -> str:
    """HAR's creator; the comment is ``{machine}-{system}{release}/{Python's version}``."""
    system = f"{platform.machine()}-{platform.system().lower()}{platform.release()}"
    creator = {
        "name": CREATOR,
        "version": __version__,
        "comment": f"{system}/{sys.version.partition(' ')[0]}",
    }
    return object_text(creator, encode_basestring_ascii)
