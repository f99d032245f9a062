"""Body bytes to text, only where it is certain what the text is.

A declared charset is not believed against the bytes: JSON in UTF-16 that calls itself UTF-8
would hide its names. UTF-8 is taken for what it is whatever was declared; where the bytes are
not UTF-8, only a byte-order mark, the zeros of JSON in UTF-16 or UTF-32 (RFC 4627, section 3),
or a declared charset that has ASCII in its lower half will do.
"""

from __future__ import annotations

import codecs
import json
import re
from functools import lru_cache
from typing import NamedTuple

from ..exchange import Body
from .unreadable import Reason, Unreadable

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKED = (b"\xff", b"\xfe", b"\xef")
"""How a byte-order mark begins, where it has no zero in it."""
_UNICODE = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"})
_ASCII = re.compile(rb"[\x20-\x7e]{8}")
_SINGLE_BYTE = ("iso8859-", "cp125", "koi8-", "mac-")


class Decoded(NamedTuple):
    """A text, and how to make bytes of it again."""

    text: str
    charset: str
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Return ``text`` as bytes in the charset that the body came in."""
        return self.mark + text.encode(self.charset, "xmlcharrefreplace")


def decoded(body: Body) -> Decoded:
    """Return the text of ``body``.

    Raises:
        Unreadable: it is not certain what the text is.
    """
    content = body.content or b""
    declared = charset_of(body.content_type)
    is_marked = 0 in content or content.startswith(_MARKED)
    if declared == "utf-8" and not is_marked:
        return Decoded(_strict(content, declared, body), declared)
    return _unusual(content, declared, body)


def _unusual(content: bytes, declared: str, body: Body) -> Decoded:
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return Decoded(_strict(content[len(mark) :], charset, body), charset, mark)
    if 0 in content:
        charset = json.detect_encoding(content)
        if charset == "utf-8":
            raise Unreadable(Reason.BINARY)
        text = _strict(content, charset, body)
        # What zeros say holds for JSON only, and not where ASCII stands beside a stray zero.
        if text[:1] not in tuple('{["') or _ASCII.search(content):
            raise Unreadable(Reason.BINARY)
        return Decoded(text, charset)
    single = declared == "ascii" or declared.startswith(_SINGLE_BYTE)
    if declared not in _UNICODE and not single:
        raise Unreadable(Reason.UNDECODABLE)
    if declared.startswith(("utf-16", "utf-32")):
        raise Unreadable(Reason.UNDECODABLE)
    try:
        return Decoded(_strict(content, "utf-8", body), "utf-8")
    except Unreadable:
        if not single or declared == "ascii":
            raise
    return Decoded(_strict(content, declared, body), declared)


@lru_cache(maxsize=256)
def charset_of(content_type: str) -> str:
    """Return the charset parameter by Python's name for it, ``"?"`` if it has none."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            try:
                return codecs.lookup(value.strip().strip("\"'")).name
            except (LookupError, ValueError):
                return "?"
    return "utf-8"


def _strict(content: bytes, charset: str, body: Body) -> str:
    """Decode all of ``content``; the end of a truncated body may be half a character."""
    try:
        if not body.truncated:
            text = content.decode(charset)
        else:
            text = codecs.getincrementaldecoder(charset)().decode(content, final=False)
    except (UnicodeDecodeError, LookupError):
        raise Unreadable(Reason.UNDECODABLE) from None
    if "\0" in text:
        raise Unreadable(Reason.BINARY)
    return text
