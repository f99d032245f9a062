"""Walks a JSON text along a state, and finds the spans of the values that a rule names.

The text itself is never rebuilt, so whatever no rule names keeps its exact form: numbers,
white space, the order of members, duplicate names. Every value is read to its end by the
standard library's scanner: a text that is not well-formed from the first to the last character
raises ``ValueError``, one that is nested past the stack ``RecursionError``.

Where all that the rules wait for stands in the first half of a text, SQLite says whether the
text is well-formed, and the walk ends behind the last of it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

from .scanning import BLANK, Scan, blank, scanner, scanstring
from .states import State
from .wellformed import is_json

_TEXT = r'"[^"\\\x00-\x1f]*"'
_MEMBER = rf'"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*({_TEXT})?'
_FIRST = re.compile(rf"[ \t\n\r]*(?:{_MEMBER}|(\}}))")
_NEXT = re.compile(rf"[ \t\n\r]*(?:,[ \t\n\r]*{_MEMBER}|(\}}))")
"""A member's name, and its value if that is a text without escapes; or the object's end."""
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_ITEM = re.compile(r"[ \t\n\r]*([,\]])[ \t\n\r]*")

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9eE.+-]*', re.DOTALL)
"""A text or a number, where a document is read from its beginning."""
_HIDES_ASCII = re.compile(r"\\u00[2-7]")

Spell = Callable[[str], str]


# An integer of any length must be read past, not understood; reading it as one is quicker.
scan_any = scanner(parse_int=float)
_scan = scanner()
_MOST_DIGITS = 4300
_SOON = 6
"""Walking takes this many times as long as reading."""
_DONE = -1
"""In place of where a value ends: nothing behind it is reached."""

Span = tuple[int, int, str, str]
"""A value that is to be replaced: from where to where, its place, and the rule that names it."""


def denied(text: str, root: State, place: str, spell: Spell) -> list[Span]:
    """Return the values that a rule names, in their order; the whole ``text`` is read.

    ``place`` is the document's own, ``spell`` writes names as a place may hold them.
    """
    return _walked(text, root, place, spell, keeps=False)


def not_allowed(text: str, root: State | None, place: str, spell: Spell) -> list[Span]:
    """Return the values outside of what the rules name: leaves, or whole members."""
    return _walked(text, root, place, spell, keeps=True)


def whole(text: str) -> None:
    """Read ``text`` to its end; raises ``ValueError`` if it is no JSON document."""
    _walked(text, None, "", str, keeps=False)


def texts_of(raw: str) -> Iterator[str]:
    """Yield every text and number inside of a value."""
    for found in TOKEN.finditer(raw):
        token = found[0]
        yield scanstring(token, 1, True)[0] if token[0] == '"' else token


def ends_soon(text: str, root: State) -> bool:
    """Whether so little of ``text`` has to be walked that nothing else is quicker."""
    if not root.waits or not _shows_names(text):
        return False
    return max(text.rfind(names[-1]) for names in root.waits) * _SOON < len(text)


def integers_are_bounded() -> bool:
    """Whether the interpreter refuses integers so long that reading them takes its time."""
    limit = getattr(sys, "get_int_max_str_digits", lambda: 0)()
    return 0 < limit <= _MOST_DIGITS


def _walked(text: str, root: State | None, place: str, spell: Spell, *, keeps: bool) -> list[Span]:
    bounded = integers_are_bounded()
    try:
        return _Walk(text, _scan if bounded else scan_any, spell, keeps=keeps).run(root, place)
    except ValueError:  # an integer that is too long, or no JSON: then again
        if not bounded:
            raise
    return _Walk(text, scan_any, spell, keeps=keeps).run(root, place)


def _shows_names(text: str) -> bool:
    """Whether every letter of ASCII in ``text`` is written as it is."""
    return "\\" not in text or text.rfind("\\u00") < 0 or _HIDES_ASCII.search(text) is None


class _Walk:
    """One walk over one text; ``keeps``: the rules say what stays, rather than what goes."""

    __slots__ = ("_found", "_is_sound", "_scan", "_spell", "keeps", "spans", "text")

    def __init__(self, text: str, scan: Scan, spell: Spell, *, keeps: bool) -> None:
        self.text = text
        self.keeps = keeps
        self.spans: list[Span] = []
        self._scan = scan
        self._spell = spell
        self._is_sound = False
        self._found: dict[str, int] = {}

    def run(self, root: State | None, place: str) -> list[Span]:
        text = self.text
        if root is not None and root.waits and not self.keeps:
            is_early = self._last(root, _DONE) * 2 < len(text)
            self._is_sound = is_early and _shows_names(text) and is_json(text)
        start = blank(text).end()
        end = self._value(start, root, place, _DONE if self._is_sound else len(text))
        if end != _DONE and blank(text, end).end() != len(text):
            raise ValueError(f"more than one value at {end}")
        return self.spans

    def _last(self, state: State, last: int) -> int:
        """Return behind what nothing is reached any more, from ``state`` or before ``last``."""
        if not state.waits:
            return len(self.text)
        for names in state.waits:
            last = max(last, min(map(self._rfind, names)))
        return last

    def _rfind(self, name: str) -> int:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self.text.rfind(name)
        return found

    def _skip(self, index: int) -> int:
        try:
            return self._scan(self.text, index)[1]
        except StopIteration:
            raise ValueError(f"no value at {index}") from None

    def _value(self, index: int, state: State | None, place: str, last: int) -> int:
        """Read the value at ``index`` and return where it ends.

        Behind ``last`` nothing is reached that is not within the value.
        """
        if state is not None and state.rule is None:
            opening = self.text[index : index + 1]
            if opening == "{":
                return self._object(index + 1, state, place, last)
            if opening == "[":
                return self._array(index + 1, state, place, last)
            goes = self.keeps
        else:
            goes = self.keeps is (state is None)
        end = self._skip(index)
        if goes:
            self._name(index, end, state, place)
        return end

    def _object(self, index: int, state: State, place: str, last: int) -> int:
        text, scan, member, keeps = self.text, self._scan, state.member, self.keeps
        if self._is_sound:
            last = self._last(state, last)
        found = _FIRST.match(text, index)
        is_first = True
        while True:
            if found is None:
                key, index = self._escaped_key(index, is_first)
                start = -1
            elif found.lastindex == 3:
                return found.end()
            else:
                key, start, index = found[1], found.start(2), found.end()
            below = member(key)
            if start >= 0:
                if keeps if below is None or below.rule is None else not keeps:
                    self._name(start, index, below, f"{place}.{self._spell(key)}")
            elif below is None and not keeps:
                try:
                    index = scan(text, index)[1]
                except StopIteration:
                    raise ValueError(f"no value at {index}") from None
            else:
                index = self._value(index, below, f"{place}.{self._spell(key)}", last)
            if index > last or index == _DONE:
                return _DONE
            is_first = False
            found = _NEXT.match(text, index)

    def _name(self, start: int, end: int, state: State | None, place: str) -> None:
        """Note a value that goes: all that is named, or all that is not."""
        rule = None if state is None else state.rule
        self.spans.append((start, end, place, rule or "allowlist"))

    def _escaped_key(self, index: int, first: bool) -> tuple[str, int]:
        """Read a member's name that has an escape in it, and its colon."""
        before = (BLANK if first else _COMMA).match(self.text, index)
        if before is None or self.text[before.end() : before.end() + 1] != '"':
            raise ValueError(f"no member at {index}")
        key, end = scanstring(self.text, before.end() + 1, True)
        colon = _COLON.match(self.text, end)
        if colon is None:
            raise ValueError(f"no colon at {end}")
        return key, colon.end()

    def _array(self, index: int, state: State, place: str, last: int) -> int:
        text, element, keeps = self.text, state.element, self.keeps
        if self._is_sound:
            last = self._last(state, last)
        index = blank(text, index).end()
        if text[index : index + 1] == "]":
            return index + 1
        position = 0
        while True:
            below = element(position)
            if below is None and not keeps:
                index = self._skip(index)
            else:
                index = self._value(index, below, f"{place}[{position}]", last)
            if index > last or index == _DONE:
                return _DONE
            after = _ITEM.match(text, index)
            if after is None:
                raise ValueError(f"no comma at {index}")
            if after[1] == "]":
                return after.end(1)
            index = after.end()
            position += 1
