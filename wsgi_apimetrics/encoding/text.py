"""Bytes of a body to text, if they are text."""

from __future__ import annotations

import base64
import codecs

from ..exchange import Body

CHARSETS = frozenset(
    {
        *("utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be", "utf-32"),
        *("latin1", "latin-1", "macintosh", "koi8-r", "koi8-u", "gbk", "gb2312", "gb18030"),
        *("big5", "euc-jp", "iso-2022-jp", "shift_jis", "shift-jis", "euc-kr"),
        *(f"iso-8859-{part}" for part in range(1, 17) if part != 12),
        *(f"windows-{page}" for page in range(1250, 1259)),
    }
)
"""Charsets that the web knows (the WHATWG's Encoding Standard, and UTF-32).

Only these are looked up: Python remembers every name of a codec that it was ever asked for,
and the names come from the client.
"""

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript")


def charset_of(content_type: str) -> str:
    """Return the ``charset`` parameter, or UTF-8 if there is none or nobody knows it."""
    _, found, rest = content_type.lower().partition("charset=")
    charset = rest.partition(";")[0].strip(" \t\"'") if found else ""
    return charset if charset in CHARSETS else "utf-8"


def text_of(body: Body) -> str | None:
    """Return the recorded content as text, or ``None`` if it is none or was left out.

    A character that truncation cut through is left out. Content with NULs is taken for text
    only if its type says so.
    """
    if body.content is None:
        return None
    text = decoded(body.content, charset_of(body.content_type), final=not body.truncated)
    if text is not None and "\0" in text and not _says_text(body.media_type):
        return None
    return text


def decoded(content: bytes, charset: str, *, final: bool = True) -> str | None:
    """Decode ``content``, or return ``None`` if it is not of this ``charset``.

    Unless ``final``, the content may end within a character.
    """
    try:
        if final:
            return content.decode(charset)
        return codecs.getincrementaldecoder(charset)().decode(content)
    except ValueError:
        return None


def base64_of(content: bytes) -> str:
    """Return ``content`` in standard Base64."""
    return base64.b64encode(content).decode("ascii")


def _says_text(media_type: str) -> bool:
    return media_type.startswith(_TEXT_TYPES) or media_type.endswith(("+json", "+xml"))
