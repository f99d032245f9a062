"""JSON as a tree to fold, in the document's own order, repeated keys and all.

Numbers stay the text that they were: no digit is lost on the way to the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_NODES = 5_000
MAX_DEPTH = 60


class _Number(str):
    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document.

    Attributes:
        key: Its name in an object, its index in an array, ``None`` at the top.
        path: ``$.user.emails[0]``.
        kind: ``object``, ``array``, ``string``, ``number``, ``true`` or ``null``.
        text: A scalar's text.
        rule: The redaction rule that replaced it.
    """

    key: str | None
    path: str
    kind: str
    text: str
    children: tuple[Node, ...]
    rule: str | None

    @property
    def is_open(self) -> bool:
        """Whether it is shown unfolded at first."""
        return self.path.count(".") + self.path.count("[") < 3 and len(self.children) <= 50


def parsed(text: str | bytes) -> Any:
    """Return a document with numbers as texts and objects as pairs; :class:`ValueError` if none."""
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Pairs)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def tree(document: Any, rules: Mapping[str, str]) -> Node | None:
    """Return the tree, ``None`` if it is too large or too deep to be read as one.

    Args:
        document: What :func:`parsed` returned.
        rules: Which rule replaced the value at a path.
    """
    left = [MAX_NODES]

    def node(key: str | None, path: str, value: Any, depth: int) -> Node | None:
        left[0] -= 1
        if left[0] < 0 or depth > MAX_DEPTH:
            return None
        kind, children = kind_of(value), []
        for name, below, child in children_of(path, value):
            made = node(name, below, child, depth + 1)
            if made is None:
                return None
            children.append(made)
        text = "" if kind in {"object", "array"} else scalar(value)
        return Node(key, path, kind, text, tuple(children), rules.get(path))

    return node(None, "$", document, 0)


def children_of(path: str, value: Any) -> list[tuple[str, str, Any]]:
    """Return the key, the path and the value of each child."""
    if isinstance(value, _Pairs):
        return [(name, f"{path}.{name}", child) for name, child in value]
    if isinstance(value, list):
        return [(str(place), f"{path}[{place}]", child) for place, child in enumerate(value)]
    return []


def kind_of(value: Any) -> str:
    """Return the kind of a value, as in :attr:`Node.kind`."""
    if isinstance(value, _Pairs):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, _Number):
        return "number"
    if isinstance(value, str):
        return "string"
    return "null" if value is None else "true"


def scalar(value: Any) -> str:
    """Return the text of a value that has no children; of one that has, that it is there."""
    if isinstance(value, list):
        return "{…}" if isinstance(value, _Pairs) else "[…]"
    return str(value) if isinstance(value, str) else json.dumps(value)
