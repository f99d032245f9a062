"""JSON as the wire wants it: compact UTF-8, written by templates that quote each text themselves.

Dicts that are encoded a moment later would take three times as long. Whole bodies are quoted by
orjson where the ``[speed]`` extra is installed, to the same bytes. A lone surrogate, which has no
UTF-8, makes :func:`written` escape everything beyond ASCII (RFC 8259, section 7), so that it
survives.
"""

from __future__ import annotations

from collections.abc import Callable
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import NamedTuple

Quote = Callable[[str], str]


Pieces = tuple[str | bytes, ...]
"""What a template writes: texts, and bodies as the bytes that they come to."""


class Quotes(NamedTuple):
    """How a template quotes its texts: the short ones, and whole bodies."""

    text: Quote
    body: Callable[[str], bytes]


def _quote_plainly(text: str) -> bytes:
    return encode_basestring(text).encode()


def _quote_in_ascii(text: str) -> bytes:
    return encode_basestring_ascii(text).encode()


def _fastest() -> Callable[[str], bytes]:
    """Return what quotes bodies."""
    try:
        import orjson
    except ImportError:
        return _quote_plainly

    def quote(text: str) -> bytes:
        """Quote by orjson; what has no UTF-8 is for :func:`written` to notice."""
        try:
            quoted: bytes = orjson.dumps(text)
        except TypeError:
            return _quote_plainly(text)
        return quoted

    return quote


_UTF8 = Quotes(encode_basestring, _fastest())
_ASCII = Quotes(encode_basestring_ascii, _quote_in_ascii)


def written(template: Callable[[Quotes], Pieces]) -> bytes:
    """Return the JSON text that ``template`` writes, by the quotes that it is given."""
    try:
        return _joined(template(_UTF8))
    except UnicodeEncodeError:
        return _joined(template(_ASCII))


def _joined(pieces: Pieces) -> bytes:
    return b"".join([piece.encode() if isinstance(piece, str) else piece for piece in pieces])
