"""The quick way for rules that reach many places: the document is read once, in C.

Every object is read as its members in their order, repeated names included, so following the
rules through it gives the places that they reach in the order of the text. A pattern finds the
members of a name in the text, in the same order: in JSON a quotation mark with no backslash
before it begins or ends a string, and what ends one is followed by nothing that a name begins
with. Where there are as many of the one as of the other, the first is the first. A name that is
written with escapes is found too rarely: then this says nothing, and the walk decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from .json_walk import integers_are_bounded, scan_any, texts_of
from .marks import Marks
from .scanning import blank, scanner, scanstring
from .states import State

_MOST_NAMES = 16
"""More names than this in one document are sooner found by walking it."""

_NAME = re.compile(r'[^\s":,\[\]{}\\\x00-\x1f][^"\\\x00-\x1f]*')
_VALUE = r'"[ \t\n\r]*:[ \t\n\r]*(?:("[^"\\]*")|([^\s"{\[,\]}]+))?'
"""After a member's name: the text that is its value, else the number or the word."""

_scan = scanner(object_pairs_hook=tuple)
_scan_any = scanner(object_pairs_hook=tuple, parse_int=float)

Site = tuple[str, str, Any] | None
"""A member: its place, the rule that names it, and its value; ``None``: it stays."""
Sites = dict[str, list[Site]]
"""By name, in the order of the text."""


def redacted(text: str, root: State, place: str, marks: Marks) -> str | None:
    """Return ``text`` without what the rules name; ``None``: only walking it can tell."""
    read = _document(text)
    if read is None:
        return None
    (document,) = read
    sites = _sites(document, root, place, marks)
    if not sites:
        return text if sites is not None else None
    if len(sites) > _MOST_NAMES or not all(map(_NAME.fullmatch, sites)):
        return None
    found = {name: _members(name, text) for name in sites}
    if "\\" in text or any(len(found[name]) != len(sites[name]) for name in found):
        sites = _sites(document, root, place, marks, counted=frozenset(found)) or {}
        if any(len(found[name]) != len(sites[name]) for name in found):
            return None
    return _spliced(text, found, sites, marks)


def _document(text: str) -> tuple[Any] | None:
    """Return the document, its objects as tuples; ``None`` if it can't be read whole."""
    scan = _scan if integers_are_bounded() else _scan_any
    try:
        value, end = scan(text, blank(text).end())
    except (StopIteration, ValueError):
        return None
    return (value,) if blank(text, end).end() == len(text) else None


class _Unnamed(Exception):
    """A rule reaches what is no member of an object."""


def _sites(
    document: Any, root: State, place: str, marks: Marks, counted: frozenset[str] = frozenset()
) -> Sites | None:
    """Return the members that the rules reach; of those names that are ``counted``, all."""
    following = _Following(marks.name, counted)
    try:
        following.value(document, root, f"{place}.$")
    except _Unnamed:
        return None
    return following.sites


class _Following:
    """The rules' way through one document."""

    __slots__ = ("_counted", "_known", "_spell", "sites")

    def __init__(self, spell: Callable[[str], str], counted: frozenset[str]) -> None:
        self.sites: Sites = {}
        self._counted = counted
        self._known: dict[State, _Steps] = {}
        self._spell = spell

    def value(self, value: Any, state: State, where: str) -> None:
        if state.rule is not None:
            raise _Unnamed
        if value.__class__ is tuple:
            self._object(value, state, where)
        elif value.__class__ is list:
            self._array(value, state, where)

    def _object(self, members: tuple[tuple[str, Any], ...], state: State, where: str) -> None:
        steps = self._known.get(state)
        if steps is None:
            steps = self._known[state] = _Steps(state, self._counted)
        for name, value in members:
            rule = steps[name]
            if rule is not None:
                site = (f"{where}.{self._spell(name)}", rule, value) if rule else None
                self.sites.setdefault(name, []).append(site)
            if value.__class__ in _NESTED:
                below = steps.below[name]
                if below is not None:
                    inner = self._object if value.__class__ is tuple else self._array
                    inner(value, below, f"{where}.{self._spell(name)}")

    def _array(self, elements: list[Any], state: State, where: str) -> None:
        below = state.element(0)
        if below is None:
            if not self._counted:
                return
            below = _NOWHERE
        elif below.rule is not None and elements:
            raise _Unnamed
        for index, value in enumerate(elements):
            if value.__class__ is tuple:
                self._object(value, below, f"{where}[{index}]")
            elif value.__class__ is list:
                self._array(value, below, f"{where}[{index}]")


class _Steps(dict[str, str | None]):
    """What a state says of a member's name, asked of it once.

    The rule that names it, ``""`` where it is only counted, else ``None``; and the state
    ``below`` it, ``None`` where nothing is looked for.
    """

    def __init__(self, state: State, counted: frozenset[str]) -> None:
        self._state = state
        self._counted = counted
        self.below: dict[str, State | None] = {}

    def __missing__(self, name: str) -> str | None:
        below = self._state.member(name)
        rule = None if below is None else below.rule
        if below is None or rule is not None:
            below = _NOWHERE if self._counted else None
        self.below[name] = below
        self[name] = rule = rule or ("" if name in self._counted else None)
        return rule


_NESTED = frozenset({tuple, list})
_NOWHERE = State(())


@lru_cache(maxsize=256)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(f'"{re.escape(name)}{_VALUE}')


def _members(name: str, text: str) -> list[re.Match[str]]:
    """Return the members of that name, wherever they stand."""
    found = list(_pattern(name).finditer(text))
    if "\\" in text:  # behind one, a quotation mark is a character of another name
        return [member for member in found if text[member.start() - 1] != "\\"]
    return found


def _spliced(text: str, found: dict[str, list[re.Match[str]]], sites: Sites, marks: Marks) -> str:
    cuts: list[tuple[int, int, str]] = []
    note = marks.text
    for name, members in found.items():
        for member, site in zip(members, sites[name], strict=True):
            if site is None:
                continue
            place, rule, value = site
            if value.__class__ is str:
                start, end = member.span(1)
                if end < 0:
                    start = member.end()
                    end = scanstring(text, start + 1, True)[1]
                cuts.append((start, end, note(place, rule, value)))
            else:
                cuts.append(_other(text, member, place, rule, marks))
    if len(found) > 1:
        cuts.sort()
    pieces: list[str] = []
    done = 0
    for start, end, marker in cuts:
        pieces += (text[done:start], quoted(marker))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _other(
    text: str, member: re.Match[str], place: str, rule: str, marks: Marks
) -> tuple[int, int, str]:
    """Return from where to where a value that is no text stands, and its marker."""
    start, end = member.span(2)
    if end < 0:
        start = member.end()
        end = scan_any(text, start)[1]
    heard = texts_of(text[start:end]) if marks.spoken is not None else ()
    return start, end, marks.other(place, rule, heard)
