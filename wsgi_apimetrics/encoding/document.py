"""A body as APIToolkit's server takes one: a JSON document, in base64.

Its server decodes a body as base64 and then as JSON, and keeps ``{}`` of whatever is not both.
So a text travels as a JSON string, a form as an object, and binary content as a ``data:`` URL.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from ..exchange import Body, Headers
from .text import base64_of, decoded, text_of

NULL = base64_of(b"null")
"""The document of an empty body."""


def document(body: Body) -> str:
    """Return ``body`` as the base64 of a JSON document.

    A body that was cut off is a string that says so; one that was left out is a string that
    says why.
    """
    if body.content is None:
        return _base64(f"[not recorded: {body.omitted}]")
    if not body.content:
        return NULL
    if body.truncated:
        size = "an unknown number of" if body.size is None else body.size
        return _base64(f"{text(body)} [cut off: {size} bytes in all]")
    try:
        return _base64(_parsed(body))
    except (ValueError, RecursionError):  # not what its Content-Type says
        return _base64(text(body))


def multiple(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each name, in order; names as they were first spelled."""
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return values


def first(pairs: Headers, wanted: str) -> str | None:
    """Return the first value of the header ``wanted``, given in lower case."""
    return next((value for name, value in pairs if name.lower() == wanted), None)


def compact(value: Any) -> bytes:
    """Return ``value`` as JSON that any parser takes.

    A lone surrogate, which a strict parser refuses, becomes a question mark.

    Raises:
        ValueError: a number in it is not finite.
    """
    encoded = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return encoded.encode("utf-8", "replace")


def _base64(value: Any) -> str:
    return base64_of(compact(value))


def _parsed(body: Body) -> Any:
    media_type = body.media_type
    if media_type.endswith(("/json", "+json", "/x-json")):
        return json.loads(body.content or b"")
    if media_type == "application/x-www-form-urlencoded":
        fields: dict[str, list[str]] = {}
        for name, value in parse_qsl(text(body), keep_blank_values=True):
            fields.setdefault(name, []).append(value)
        return {name: found[0] if len(found) == 1 else found for name, found in fields.items()}
    return text(body)


def text(body: Body) -> str:
    """Return the recorded content as text; binary content as a ``data:`` URL."""
    content = body.content or b""
    found = text_of(body)
    if found is None:
        found = decoded(content, "utf-8", final=not body.truncated)  # no such charset, or not in it
    if found is None or "\0" in found:
        return f"data:{body.media_type};base64,{base64_of(content)}"
    return found
