"""Form bodies to HAR's ``params``: pure, bounded, and ``None`` for what is no form.

A file becomes a data URL with its name, ``data:image/png;name=owlbert.png;base64,...``, as
ReadMe's own packages send it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote

from ..exchange import Body
from .text import base64_of, charset_of, decoded

MAX_PARAMS = 1_000
"""Forms and query strings with more names than this are not taken apart."""

Param = dict[str, str]


def pairs_of(query: str, charset: str = "utf-8") -> list[tuple[str, str]]:
    """Return a query string's names and values in order, repeated names repeated.

    Bytes that are not of the ``charset`` show in hexadecimal, after a backslash and an x.
    Empty for more than :data:`MAX_PARAMS`.
    """
    if query.count("&") >= MAX_PARAMS:
        return []
    if "%" not in query and "+" not in query:  # there is nothing to undo
        parted = [field.partition("=") for field in query.split("&") if field]
        return [(name, value) for name, _, value in parted]
    return parse_qsl(query, True, encoding=charset, errors="backslashreplace")


def params_of(body: Body) -> list[Param] | None:
    """Return the parameters of a form, or ``None`` if ``body`` is none or too odd."""
    content, media_type = body.content, body.media_type
    if not content:
        return None
    if media_type == "application/x-www-form-urlencoded":
        text = decoded(content, "utf-8", final=not body.truncated) or ""
        pairs = pairs_of(text, charset_of(body.content_type))
        return [{"name": name, "value": value} for name, value in pairs] or None
    if media_type == "multipart/form-data":
        return _multipart(body, content)
    return None


def _multipart(body: Body, content: bytes) -> list[Param] | None:
    from werkzeug.exceptions import RequestEntityTooLarge
    from werkzeug.http import parse_options_header

    boundary = parse_options_header(body.content_type)[1].get("boundary")
    if not boundary:
        return None
    parts: list[_Part] = []
    try:
        for part in _parts(content, boundary.encode("latin-1")):
            parts.append(part)  # noqa: PERF402 - a form that ends too early keeps these
    except (ValueError, RequestEntityTooLarge):
        if not body.truncated:
            return None
    return [_param(head, b"".join(pieces)) for head, pieces in parts] or None


_Part = tuple[Any, list[bytes]]


def _parts(content: bytes, boundary: bytes) -> Iterator[_Part]:
    """Yield each part's head as soon as it is known, and the list that its content goes to.

    Raises:
        ValueError: there is no next part, but no end of the form either.
        RequestEntityTooLarge: there are more parts than :data:`MAX_PARAMS`.
    """
    from werkzeug.sansio import multipart

    decoder = multipart.MultipartDecoder(boundary, max_parts=MAX_PARAMS)
    decoder.receive_data(content)
    decoder.receive_data(None)
    pieces: list[bytes] = []
    while not isinstance(event := decoder.next_event(), multipart.Epilogue):
        if isinstance(event, (multipart.Field, multipart.File)):
            pieces = []
            yield event, pieces
        elif isinstance(event, multipart.Data):
            pieces.append(event.data)


def _param(part: Any, content: bytes) -> Param:
    param: Param = {"name": part.name or ""}
    content_type = part.headers.get("content-type", "")
    filename = getattr(part, "filename", None)
    text = decoded(content, charset_of(content_type)) if filename is None else None
    param["value"] = _data_url(content, content_type, filename) if text is None else text
    if filename is not None:
        param["fileName"] = filename
    if content_type:
        param["contentType"] = content_type
    return param


def _data_url(content: bytes, content_type: str, filename: str | None) -> str:
    name = f";name={quote(filename, errors='replace')}" if filename else ""
    media_type = content_type or "application/octet-stream"
    return f"data:{media_type}{name};base64,{base64_of(content)}"
