"""JSON as the wire wants it: compact UTF-8, by orjson where the ``[speed]`` extra is installed.

Two ways to write it. :func:`dumps` takes values: texts, whole numbers, booleans, ``None``, lists
and dicts with text for keys. :func:`written` takes a template that quotes each text itself, which
needs no dicts and is three times as fast. Every way gives the same bytes. A lone surrogate, which
has no UTF-8, makes each of them escape everything beyond ASCII (RFC 8259, section 7), so that it
survives.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, NamedTuple

Quote = Callable[[str], str]


Pieces = tuple[str | bytes, ...]
"""What a template writes: texts, and bodies as the bytes that they come to."""


class Quotes(NamedTuple):
    """How a template quotes its texts: the short ones, and whole bodies."""

    text: Quote
    body: Callable[[str], bytes]


def plain_dumps(value: Any) -> bytes:
    """Encode ``value`` by the standard library.

    Raises:
        ValueError: a float that is not finite.
        TypeError: something that JSON has no word for.
    """
    try:
        return _utf8.encode(value).encode()
    except UnicodeEncodeError:
        return _ascii.encode(value).encode()


_utf8 = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
)
_ascii = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))


def _quote_plainly(text: str) -> bytes:
    return encode_basestring(text).encode()


def _quote_in_ascii(text: str) -> bytes:
    return encode_basestring_ascii(text).encode()


def _fastest() -> tuple[Callable[[Any], bytes], Callable[[str], bytes]]:
    """Return what encodes values, and what quotes bodies."""
    try:
        import orjson
    except ImportError:
        return plain_dumps, _quote_plainly

    def dumps(value: Any) -> bytes:
        """Encode ``value`` by orjson; what that refuses, by the standard library."""
        try:
            encoded: bytes = orjson.dumps(value)
        except TypeError:
            return plain_dumps(value)
        return encoded

    def quote(text: str) -> bytes:
        """Quote by orjson; what has no UTF-8 is for :func:`written` to notice."""
        try:
            quoted: bytes = orjson.dumps(text)
        except TypeError:
            return _quote_plainly(text)
        return quoted

    return dumps, quote


dumps, _quote_body = _fastest()
"""Encode a value built of texts, whole numbers, booleans, ``None``, lists and dicts."""

_UTF8 = Quotes(encode_basestring, _quote_body)
_ASCII = Quotes(encode_basestring_ascii, _quote_in_ascii)


def written(template: Callable[[Quotes], Pieces]) -> bytes:
    """Return the JSON text that ``template`` writes, by the quotes that it is given."""
    try:
        return _joined(template(_UTF8))
    except UnicodeEncodeError:
        return _joined(template(_ASCII))


def _joined(pieces: Pieces) -> bytes:
    return b"".join([piece.encode() if isinstance(piece, str) else piece for piece in pieces])
