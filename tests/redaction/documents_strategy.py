"""JSON documents whose every leaf is unlike all others, in any dress that JSON can come in."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

NAMES = ["a", "b", "password", "credit-card", "cvv", "items", "kind", "caf\xe9", "x y"]

names = st.sampled_from(NAMES)
leaves = st.sampled_from(["text", "int", "float"])


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """A document of objects and lists; its leaves are told apart by their numbers."""
    shape = draw(
        st.recursive(
            leaves,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
            max_leaves=10,
        ).filter(lambda value: not isinstance(value, str))
    )
    counter = iter(range(1000, 9999))

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(below) for name, below in value.items()}
        if isinstance(value, list):
            return [filled(below) for below in value]
        number = next(counter)
        return {"text": f"leaf{number}", "int": number * 10**9, "float": number + 0.5}[value]

    return filled(shape)


def leaves_of(value: Any) -> Iterator[str]:
    """Yield every leaf as text."""
    if isinstance(value, dict):
        for below in value.values():
            yield from leaves_of(below)
    elif isinstance(value, list):
        for below in value:
            yield from leaves_of(below)
    else:
        yield str(value)


@st.composite
def dressed(draw: st.DrawFn, document: Any) -> bytes:
    """The bytes of a document: escapes, white space, charset and byte-order mark as drawn."""
    escape = draw(st.sampled_from([0, 0, 2, 3]))
    blank = draw(st.sampled_from(["", " ", "\n\t"]))
    text = _written(document, escape, blank)
    mark, charset = draw(
        st.sampled_from(
            [
                (b"", "utf-8"), (b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"),
                (b"", "utf-16-le"), (b"", "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
                (b"", "utf-32-le"), (b"", "utf-32-be"), (codecs.BOM_UTF32_BE, "utf-32-be"),
            ]
        )
    )  # fmt: skip
    return mark + text.encode(charset)


def _string(text: str, escape: int) -> str:
    if not escape:
        return json.dumps(text, ensure_ascii=False)
    written = (
        f"\\u{ord(char):04x}" if position % escape == 0 else char
        for position, char in enumerate(text)
    )
    return f'"{"".join(written)}"'


def _written(value: Any, escape: int, blank: str) -> str:
    if isinstance(value, dict):
        members = (
            f"{blank}{_string(name, escape)}{blank}:{blank}{_written(below, escape, blank)}"
            for name, below in value.items()
        )
        return "{" + ",".join(members) + blank + "}"
    if isinstance(value, list):
        return "[" + f"{blank},".join(_written(v, escape, blank) for v in value) + blank + "]"
    return _string(value, escape) if isinstance(value, str) else repr(value)


def parsed(content: bytes) -> Any:
    """Read the bytes of a document in whatever charset they are."""
    return json.loads(content)
