"""Cookies inside of their headers: named ones go, the others stay."""

from __future__ import annotations

import re

from .form_fields import decoded
from .marks import Marks
from .rules import Names

_ATTRIBUTES = frozenset(
    {"expires", "max-age", "domain", "path", "secure", "httponly", "samesite", "partitioned"}
)
_JOINED = re.compile(r"(,\s*|(?<=\S)\s+)(?=[^=;,\s]+=)")
"""Some servers end a cookie at a comma, some at a blank (Python's ``http.cookies`` does)."""


def redact_cookies(header: str, value: str, names: Names, place: str, marks: Marks) -> str:
    """Return the value of a Cookie or Set-Cookie header without the cookies that rules name.

    Values with quotes that don't close before the next ``;`` are read differently by different
    servers: such a header goes as a whole.
    """
    pieces = value.split(";")
    if any(piece.count('"') % 2 for piece in pieces):
        return marks.text(place, "cookies", value)
    redacted = []
    for position, piece in enumerate(pieces):
        name = piece.partition("=")[0].strip().lower()
        if position and header == "set-cookie" and name in _ATTRIBUTES and "," not in piece:
            redacted.append(piece)
            continue
        parts = _whole(_JOINED.split(piece), names)
        redacted.append("".join(_cookie(part, names, place, marks) for part in parts))
    return ";".join(redacted)


def _whole(parts: list[str], names: Names) -> list[str]:
    """Keep a cookie that goes in one piece, whatever commas are in its value."""
    first = parts[0].partition("=")[0].strip().strip('"')
    stays = first.lower() == "expires" or names.rule(first) is None
    return parts if stays else ["".join(parts)]


def _cookie(part: str, names: Names, place: str, marks: Marks) -> str:
    name, equals, value = part.partition("=")
    plain = decoded(name.strip().strip('"'))
    if not equals or plain.lower() == "expires":
        return part
    rule = names.rule(plain)
    if rule is None:
        return part
    bare = value.strip()
    marker = marks.text(f"{place}.{marks.name(plain)}", rule, bare)
    return part if marker is bare else f"{name}={marker}"
