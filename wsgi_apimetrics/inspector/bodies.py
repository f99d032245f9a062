"""How a body is shown: as a tree, fields, a picture, text or hex; by what it is, not what it says.

A picture is one only if its first bytes are those of a format that holds no script; SVG is text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..encoding.forms import params_of
from ..encoding.text import text_of
from ..exchange import Body
from .rendering import size
from .tree import Node, parsed, tree

SHOWN_CHARACTERS = 200_000
SHOWN_BYTES = 4_096

_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A body as the page has it.

    Attributes:
        form: ``absent``, ``empty``, ``json``, ``form``, ``image``, ``text`` or ``hex``.
        text: The text, or why the body is absent.
        note: What the user should know about it.
        rows: Of a hex dump: offset, bytes, characters. Of a form: name, value, what it is.
    """

    form: str
    body: Body
    text: str = ""
    note: str = ""
    node: Node | None = None
    rows: tuple[tuple[str, str, str], ...] = ()


def shown(body: Body, rules: Mapping[str, str]) -> Shown:
    """Choose how to show a body.

    Args:
        body: The body.
        rules: Which rule replaced the value at each JSON path in it.
    """
    content = body.content
    if content is None:
        return Shown("absent", body, text=body.omitted or "left out")
    if not content:
        return Shown("empty", body)
    if picture_type(content):
        return Shown("image", body)
    fields = _fields(body)
    if fields:
        return Shown("form", body, rows=fields)
    text = None if body.content_encoding else text_of(body)
    if text is None or "\0" in text:
        return Shown("hex", body, note=_hex_note(body), rows=hex_rows(content[:SHOWN_BYTES]))
    return _text(body, text, rules)


def _hex_note(body: Body) -> str:
    coded = f"still coded: {body.content_encoding}" if body.content_encoding else ""
    cut = f"the first {SHOWN_BYTES:,} bytes" if len(body.content or b"") > SHOWN_BYTES else ""
    return ", ".join(filter(None, (coded, cut)))


def picture_type(content: bytes) -> str | None:
    """Return the type of a picture that a browser may draw, by its first bytes."""
    for start, media_type in _PICTURES:
        if content.startswith(start):
            return media_type
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def hex_rows(content: bytes) -> tuple[tuple[str, str, str], ...]:
    """Return a hex dump: offset, sixteen bytes, and those of them that are ASCII."""
    rows = []
    for start in range(0, len(content), 16):
        part = content[start : start + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
        rows.append((f"{start:06x}", part.hex(" "), letters))
    return tuple(rows)


def _text(body: Body, text: str, rules: Mapping[str, str]) -> Shown:
    note = "the beginning of it was recorded" if body.truncated else ""
    if not body.truncated and _looks_like_json(body, text):
        try:
            node = tree(parsed(text), rules)
        except ValueError:
            note = "not the JSON that it says it is" if "json" in body.media_type else ""
        else:
            if node is not None:
                return Shown("json", body, text=text, node=node)
            note = "too large to be shown as a tree"
    if len(text) > SHOWN_CHARACTERS:
        note = f"the first {SHOWN_CHARACTERS:,} characters; the rest is in the download"
    return Shown("text", body, text=text[:SHOWN_CHARACTERS], note=note)


def _looks_like_json(body: Body, text: str) -> bool:
    return "json" in body.media_type or text.lstrip()[:1] in {"{", "["}


def _fields(body: Body) -> tuple[tuple[str, str, str], ...]:
    found: list[dict[str, Any]] = params_of(body) or []
    return tuple(
        (
            str(one.get("name", "")),
            _content_of(one),
            " ".join(str(one[key]) for key in ("fileName", "contentType") if one.get(key)),
        )
        for one in found
    )


def _content_of(one: dict[str, Any]) -> str:
    """Return a field's text; a file's too, and of any other file how large it is."""
    value = str(one.get("value", ""))
    if "fileName" not in one:
        return value
    content = base64.b64decode(value.rpartition(",")[2])
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"({size(len(content))})"
