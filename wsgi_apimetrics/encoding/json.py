"""JSON as the wire wants it: compact UTF-8, by orjson where the ``[speed]`` extra is installed.

Both ways give the same bytes for what the encoders of this package build: texts, whole
numbers, booleans, ``None``, lists and dicts with text for keys. A lone surrogate, which has no
UTF-8, makes either way escape everything beyond ASCII (RFC 8259, section 7), so that it
survives.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

_utf8 = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
)
_ascii = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))


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


def _fastest() -> Callable[[Any], bytes]:
    try:
        import orjson
    except ImportError:
        return plain_dumps

    def dumps(value: Any) -> bytes:
        """Encode ``value`` by orjson; what that refuses, by the standard library."""
        try:
            encoded: bytes = orjson.dumps(value)
        except TypeError:
            return plain_dumps(value)
        return encoded

    return dumps


dumps = _fastest()
"""Encode a value built of texts, whole numbers, booleans, ``None``, lists and dicts."""
