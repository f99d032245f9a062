"""Walks a JSON text along a state, and finds the spans of the values that a rule names.

The text itself is never rebuilt, so whatever no rule names keeps its exact form: numbers,
white space, the order of members, duplicate names. Every value is read to its end by the
standard library's scanner: a text that is not well-formed from the first to the last character
raises ``ValueError``, one that is nested past the stack ``RecursionError``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import NamedTuple

from .states import Key, State

_BLANK = re.compile(r"[ \t\n\r]*")
_MEMBER = r'"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*'
_FIRST = re.compile(rf"[ \t\n\r]*(?:{_MEMBER}|(\}}))")
_NEXT = re.compile(rf"[ \t\n\r]*(?:,[ \t\n\r]*{_MEMBER}|(\}}))")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_ITEM = re.compile(r"[ \t\n\r]*([,\]])[ \t\n\r]*")

# An integer of any length must be read past, not understood.
scan = JSONDecoder(parse_int=float).scan_once  # type: ignore[attr-defined]

Trail = tuple["Trail", Key] | tuple[()]
"""The keys from the root to a place, innermost last."""


class Span(NamedTuple):
    """A value that is to be replaced: where it stands, where in the document, and by which rule."""

    start: int
    end: int
    trail: Trail
    rule: str


def denied(text: str, root: State) -> list[Span]:
    """Return the values that a rule names; the whole ``text`` is read."""
    return _Walk(text, keeps=False).run(root)


def not_allowed(text: str, root: State | None) -> list[Span]:
    """Return the values outside of what the rules name: leaves, or whole members."""
    return _Walk(text, keeps=True).run(root)


def whole(text: str) -> None:
    """Read ``text`` to its end; raises ``ValueError`` if it is no JSON document."""
    _end(text, _skip(text, _BLANK.match(text).end()))  # type: ignore[union-attr]


def dotted(trail: Trail, spell: Callable[[str], str]) -> str:
    """Return a trail as a path, its names as ``spell`` has them: ``$.user.emails[0]``."""
    keys: list[str] = []
    while trail:
        trail, key = trail
        keys.append(f"[{key}]" if isinstance(key, int) else f".{spell(key)}")
    return "$" + "".join(reversed(keys))


def _skip(text: str, index: int) -> int:
    try:
        end: int = scan(text, index)[1]
    except StopIteration:
        raise ValueError(f"no value at {index}") from None
    return end


def _end(text: str, index: int) -> None:
    if _BLANK.match(text, index).end() != len(text):  # type: ignore[union-attr]
        raise ValueError(f"more than one value at {index}")


class _Walk:
    """One walk over one text; ``keeps``: the rules say what stays, rather than what goes."""

    __slots__ = ("keeps", "spans", "text")

    def __init__(self, text: str, *, keeps: bool) -> None:
        self.text = text
        self.keeps = keeps
        self.spans: list[Span] = []

    def run(self, root: State | None) -> list[Span]:
        start = _BLANK.match(self.text).end()  # type: ignore[union-attr]
        _end(self.text, self._value(start, root, ()))
        return self.spans

    def _value(self, index: int, state: State | None, trail: Trail) -> int:
        """Read the value at ``index`` and return where it ends."""
        keeps = self.keeps
        if state is None or state.rule is not None:
            end = _skip(self.text, index)
            if keeps is (state is None):
                rule = state.rule if state is not None else None
                self.spans.append(Span(index, end, trail, rule or "allowlist"))
            return end
        opening = self.text[index : index + 1]
        if opening == "{":
            return self._object(index + 1, state, trail)
        if opening == "[":
            return self._array(index + 1, state, trail)
        end = _skip(self.text, index)
        if keeps:
            self.spans.append(Span(index, end, trail, "allowlist"))
        return end

    def _object(self, index: int, state: State, trail: Trail) -> int:
        text, member, keeps = self.text, state.member, self.keeps
        found = _FIRST.match(text, index)
        first = True
        while True:
            if found is None:
                key, index = self._escaped_key(index, first)
            elif found.end(2) >= 0:
                return found.end()
            else:
                key, index = found[1], found.end()
            below = member(key)
            if below is None and not keeps:
                try:
                    index = scan(text, index)[1]
                except StopIteration:
                    raise ValueError(f"no value at {index}") from None
            else:
                index = self._value(index, below, (trail, key))
            first = False
            found = _NEXT.match(text, index)

    def _escaped_key(self, index: int, first: bool) -> tuple[str, int]:
        """Read a member's name that has an escape in it, and its colon."""
        before = (_BLANK if first else _COMMA).match(self.text, index)
        if before is None or self.text[before.end() : before.end() + 1] != '"':
            raise ValueError(f"no member at {index}")
        key, end = scanstring(self.text, before.end() + 1, True)
        colon = _COLON.match(self.text, end)
        if colon is None:
            raise ValueError(f"no colon at {end}")
        return key, colon.end()

    def _array(self, index: int, state: State, trail: Trail) -> int:
        text, element, keeps = self.text, state.element, self.keeps
        index = _BLANK.match(text, index).end()  # type: ignore[union-attr]
        if text[index : index + 1] == "]":
            return index + 1
        position = 0
        while True:
            below = element(position)
            if below is None and not keeps:
                index = _skip(text, index)
            else:
                index = self._value(index, below, (trail, position))
            after = _ITEM.match(text, index)
            if after is None:
                raise ValueError(f"no comma at {index}")
            if after[1] == "]":
                return after.end(1)
            index = after.end()
            position += 1


Replace = Callable[[str, Span], str]


def splice(text: str, spans: list[Span], replace: Replace) -> str:
    """Return ``text`` with each span replaced; of spans in each other the outermost counts."""
    pieces, done = [], 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start >= done:
            pieces += [text[done : span.start], replace(text[span.start : span.end], span)]
            done = span.end
    return "".join([*pieces, text[done:]])
