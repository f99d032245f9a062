"""Multipart forms (RFC 7578): parts by name, spliced in place, refused where readers differ.

A delimiter that one parser sees and another does not would hide a field inside of another, so
a form whose boundary occurs anywhere but at the start of a CRLF line is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .unreadable import Reason, Unreadable

_PARAMETER = re.compile(r""";\s*([\w!#$&+.^`|~*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*""")
_AFTER = re.compile(rb"[ \t]*\r\n")
_END = re.compile(rb"--[ \t]*(?:\r\n.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its head and content as they are, its name and file name decoded."""

    head: str
    content: bytes
    name: str
    filename: str | None
    filename_spans: tuple[tuple[int, int], ...]

    def replaced(self, content: bytes, filename: str | None) -> bytes:
        """Return the part with another content and another file name."""
        head = self.head
        if filename is not None:
            for start, end in reversed(self.filename_spans):
                head = f'{head[:start]}"{filename}"{head[end:]}'
        return head.encode() + b"\r\n\r\n" + content


def boundary_of(content_type: str) -> bytes:
    """Return the boundary parameter.

    Raises:
        Unreadable: there is none.
    """
    _, _, parameters = content_type.partition(";")
    for name, quoted, bare in _PARAMETER.findall(f";{parameters}"):
        if name.lower() == "boundary" and (quoted or bare):
            return bytes((quoted or bare).encode("utf-8", "surrogatepass"))
    raise Unreadable(Reason.MALFORMED)


def split(content: bytes, boundary: bytes) -> list[Part]:
    """Return the parts of a form.

    Raises:
        Unreadable: it is not certain where its parts begin and end, or what they are called.
    """
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + content).split(delimiter)
    if len(pieces) < 2 or content.count(b"--" + boundary) != len(pieces) - 1:
        raise Unreadable(Reason.MALFORMED)
    if pieces[0] or not _END.fullmatch(pieces[-1]):
        raise Unreadable(Reason.MALFORMED)
    return [_part(piece) for piece in pieces[1:-1]]


def joined(parts: list[bytes], content: bytes, boundary: bytes) -> bytes:
    """Put parts together again, with the delimiters of ``content``."""
    delimiter = b"\r\n--" + boundary
    end = (b"\r\n" + content).split(delimiter)[-1]
    return (b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + end)[2:]


def _part(piece: bytes) -> Part:
    start = _AFTER.match(piece)
    if start is None:
        raise Unreadable(Reason.MALFORMED)
    head, blank, content = piece[start.end() :].partition(b"\r\n\r\n")
    try:
        text = head.decode()
    except UnicodeDecodeError:
        raise Unreadable(Reason.UNDECODABLE) from None
    if not blank or re.search(r"\r(?!\n)|(?<!\r)\n|\n[ \t]|[\0\x85\u2028\u2029]", text):
        raise Unreadable(Reason.MALFORMED)
    name, filename, spans = _disposition(text)
    return Part(text, content, name, filename, spans)


def _disposition(head: str) -> tuple[str, str | None, tuple[tuple[int, int], ...]]:
    lines = [m for m in re.finditer(r"[^\r\n]+", head) if m[0].lower().startswith("content-disp")]
    if len(lines) != 1:
        raise Unreadable(Reason.MALFORMED)
    line = lines[0]
    start = re.match(r"content-disposition[ \t]*:[ \t]*form-data[ \t]*", line[0], re.IGNORECASE)
    if start is None:
        raise Unreadable(Reason.MALFORMED)
    index = start.end()
    names: set[str] = set()
    filename: str | None = None
    spans: list[tuple[int, int]] = []
    while index < len(line[0]):
        found = _PARAMETER.match(line[0], index)
        if found is None:
            raise Unreadable(Reason.MALFORMED)
        key = found[1].lower()
        value = _parameter(key, found[2], found[3])
        if key in {"name", "name*"}:
            names.add(value)
        elif key in {"filename", "filename*"}:
            filename = value
            first, last = found.span(2) if found[2] is not None else found.span(3)
            quotes = found[2] is not None
            spans.append((line.start() + first - quotes, line.start() + last + quotes))
        elif "*" in key:
            raise Unreadable(Reason.MALFORMED)
        index = found.end()
    if len(names) != 1:
        raise Unreadable(Reason.MALFORMED)
    return names.pop(), filename, tuple(spans)


def _parameter(key: str, quoted: str | None, bare: str) -> str:
    if key.endswith("*"):
        return unquote(bare.rpartition("'")[2] if quoted is None else quoted.rpartition("'")[2])
    if quoted is None:
        return bare
    return re.sub(r"\\(.)", r"\1", quoted).replace("%22", '"').replace("%0D%0A", "\r\n")
