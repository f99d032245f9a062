"""JSONPath rules: plain ones become paths for the walker, jsonpath-ng judges all others.

Plain is a chain of names, ``[*]`` and at most one ``..``; what a path means is jsonpath-ng's to
say (its extended grammar), and the tests hold the plain paths equal to it. The library is
imported only when a rule needs it.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

from ..exceptions import ConfigurationError
from .states import DEEP, EACH, Deep, Each, Key, Path, Step

_NAME = r"[A-Za-z_][A-Za-z0-9_\-]*"
_QUOTED = r"""\[(?:'([^'\\*]+)'|"([^"\\*]+)")\]"""
_STEP = re.compile(rf"(\.\.?)({_NAME})|{_QUOTED}|(\.?\[\*\]|\.\*)")
_START = re.compile(rf"\$|{_NAME}")
_RESERVED = frozenset({"where", "wherenot", "true", "false", "null"})
_COMPUTED = frozenset(
    {"Operation", "Len", "Keys", "Path", "SortedThis", "Sub", "Split", "Str", "_Intersect"}
)


def plain(rule: str) -> Path | None:
    """Return the path that ``rule`` is, or ``None`` if jsonpath-ng is to judge it."""
    start = _START.match(rule)
    if start is None or start[0] in _RESERVED:
        return None
    steps: list[Step] = [] if start[0] == "$" else [start[0]]
    index = start.end()
    while index < len(rule):
        found = _STEP.match(rule, index)
        if found is None:
            return None
        dots, name, single, double, _ = found.groups()
        if name in _RESERVED:
            return None
        if dots == "..":
            steps.append(DEEP)
        steps.append(name or single or double or EACH)
        index = found.end()
    deep = [position for position, step in enumerate(steps) if isinstance(step, Deep)]
    wild_below = deep and sum(isinstance(step, Each) for step in steps[deep[0] :]) > 1
    return None if len(deep) > 1 or wild_below else tuple(steps)


class Judged:
    """A rule that jsonpath-ng judges, on the parsed document.

    Raises:
        ConfigurationError: it can't be parsed, or computes a value rather than naming a place.
    """

    __slots__ = ("_find", "names", "rule")

    def __init__(self, option: str, rule: str) -> None:
        from jsonpath_ng.exceptions import JSONPathError
        from jsonpath_ng.ext.parser import parse

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                tree = parse(rule)
        except JSONPathError as error:
            raise ConfigurationError(f"{option}: {rule!r} is no JSONPath: {error}") from None
        except Exception as error:  # the parser's actions run code of their own
            raise ConfigurationError(
                f"{option}: {rule!r} is no JSONPath: {type(error).__name__}: {error}"
            ) from None
        _reject_computed(option, rule, tree)
        self.rule = rule
        self.names = tuple(_needed(tree))
        self._find = tree.find

    def places(self, document: Any) -> list[tuple[Key, ...]]:
        """Return where in ``document`` the rule points; may raise anything."""
        return [_keys(found, document) for found in self._find(document)]


def _reject_computed(option: str, rule: str, tree: Any) -> None:
    """Only what names a place can be redacted; inside a filter anything may be computed."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if type(part).__name__ in _COMPUTED:
            raise ConfigurationError(
                f"{option}: {rule!r} computes a value instead of naming a place, at {part}"
            )
        waiting += [
            below
            for below in (getattr(part, "left", None), getattr(part, "right", None))
            if below is not None
        ]


def _needed(tree: Any) -> list[str]:
    """Return names that must occur in a document for the rule to reach anything in it."""
    kind = type(tree).__name__
    if kind == "Fields" and len(tree.fields) == 1 and tree.fields[0] != "*":
        return [str(tree.fields[0])]
    if kind in {"Child", "Descendants"}:
        return [*_needed(tree.left), *_needed(tree.right)]
    return _needed(tree.left) if kind in {"Where", "WhereNot"} else []


def _keys(found: Any, document: Any) -> tuple[Key, ...]:
    """Return the keys from the root to a match, with indexes counted from the start."""
    keys: list[Any] = []
    while found.context is not None:
        step = found.path
        keys.append(step.fields[0] if hasattr(step, "fields") else _index(step))
        found = found.context
    exact: list[Key] = []
    for key in reversed(keys):
        counted = key + len(document) if isinstance(key, int) and key < 0 else key
        document = document[counted]
        exact.append(counted)
    return tuple(exact)


def _index(step: Any) -> int:
    indices = getattr(step, "indices", None)
    return int(indices[0] if indices is not None else step.index)
