"""The quick way for rules that are plain paths: the document is parsed once, in C.

In a JSON text without a backslash every quotation mark begins or ends a string, so a pattern
finds exactly the members of a name, wherever they stand. The parsed document tells at which
places the rules reach such members. Where a name stands in the text exactly as often as rules
reach it, in the same order, the one list gives the places of the other: their values are
replaced, and nothing else was walked. Where the counts differ (the name stands elsewhere too,
or twice in one object) this says nothing, and the walk decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .json_walk import scan
from .marks import Marks
from .states import Deep, Each, Path, Step

MOST_NAMES = 64
"""More names than this make a pattern that costs more than walking the document."""

_NOT_FIRST = frozenset(":,]}[{ \t\n\r")
"""What may stand between two strings: a name that begins so could be mistaken for it."""

_BLANK = re.compile(r"[ \t\n\r]*")
_VALUE = r'"[ \t\n\r]*:[ \t\n\r]*(?:"([^"]*)"|([^"{\[,\]}\s]+))?'
"""After a member's name: the text that is its value, else the number or the word."""

Ways = tuple[tuple[Path, str], ...]
"""Paths, each with the rule that it comes from."""
Sites = dict[Step, tuple[list[str], str]]
"""By a member's name: the places where the rules reach it, and the rule."""


class Shortcut:
    """The plain paths of one side's rules."""

    __slots__ = ("_members", "_once", "_ways")

    def __init__(self, ways: Ways) -> None:
        names = sorted({re.escape(str(path[-1])) for path, _ in ways})
        self._members = re.compile(f'"({"|".join(names)}){_VALUE}')
        self._ways = ways
        many = {path[-1] for path, _ in ways if any(isinstance(step, Each) for step in path)}
        self._once = tuple(f'"{path[-1]}"' for path, _ in ways if path[-1] not in many)

    @classmethod
    def through(cls, ways: Ways) -> Shortcut | None:
        """Return the shortcut for these paths, ``None`` if one of them allows of none."""
        few = len({path[-1] for path, _ in ways if path}) <= MOST_NAMES
        fits = few and all(_ends_in_a_name(path) for path, _ in ways)
        return cls(ways) if ways and fits else None

    def redact(self, text: str, place: str, marks: Marks) -> str | None:
        """Return ``text`` without what the paths name; ``None``: only walking it can tell."""
        if any(text.count(name) > 1 for name in self._once):
            return None  # one path reaches one place: the parse would only tell the same
        document = None if "\\" in text else _document(text)
        if document is None:
            return None
        found = list(self._members.finditer(text))
        counts = Counter([member[1] for member in found])
        sites = self._sites(document[0], counts, f"{place}.$")
        if sites is None or counts != {name: len(places) for name, (places, _) in sites.items()}:
            return None
        if any(member.lastindex == 1 for member in found):
            return None  # an object or an array: the walk knows what is in it
        return _spliced(text, found, sites, marks)

    def _sites(self, document: Any, names: Counter[str], where: str) -> Sites | None:
        """The places that the paths reach, by member's name, in the order of the text."""
        sites: Sites = {}
        for path, rule in self._ways:
            name = path[-1]
            places = _reached(document, path, where) if name in names else None
            if places:
                if name in sites:  # two lists, and their common order is not known
                    return None
                sites[name] = (places, rule)
        return sites


def _ends_in_a_name(path: Path) -> bool:
    if not path or any(isinstance(step, Deep) for step in path):
        return False
    name = path[-1]
    return isinstance(name, str) and name[:1] not in _NOT_FIRST and name != ""


def _document(text: str) -> tuple[Any] | None:
    """Return the parsed document; ``None`` if it is not well-formed from end to end."""
    start = _BLANK.match(text).end()  # type: ignore[union-attr]
    try:
        value, end = scan(text, start)
    except (StopIteration, ValueError):
        return None
    return (value,) if _BLANK.match(text, end).end() == len(text) else None  # type: ignore[union-attr]


def _reached(document: Any, path: Path, where: str) -> list[str]:
    """Return the places at which ``path`` ends, in the order of the document."""
    at: list[tuple[str, Any]] = [(where, document)]
    for step in path[:-1]:
        if isinstance(step, Each):
            at = [below for place, value in at for below in _members_of(value, place, step)]
        elif isinstance(step, str):
            at = [(f"{p}.{step}", v[step]) for p, v in at if v.__class__ is dict and step in v]
        else:
            index: Any = step
            at = [(f"{p}[{index}]", v[index]) for p, v in at if _has(v, index)]
    name = path[-1]
    return [f"{place}.{name}" for place, value in at if value.__class__ is dict and name in value]


def _has(value: Any, index: int) -> bool:
    return value.__class__ is list and index < len(value)


def _members_of(value: Any, place: str, step: Each) -> Iterator[tuple[str, Any]]:
    if value.__class__ is list:
        for index, element in enumerate(value):
            yield f"{place}[{index}]", element
    elif value.__class__ is dict and not step.elements_only:
        for name, member in value.items():
            yield f"{place}.{name}", member


def _spliced(text: str, found: Sequence[re.Match[str]], sites: Sites, marks: Marks) -> str:
    """Replace the values; each name is found as often as it has places."""
    ahead = {name: (iter(places).__next__, rule) for name, (places, rule) in sites.items()}
    pieces: list[str] = []
    done = 0
    for member in found:
        name, value, word = member.groups()
        place, rule = ahead[name]
        if value is not None:
            start, end = member.span(2)
            pieces += (text[done:start], marks.text(place(), rule, value))
        else:
            start, end = member.span(3)
            number = (word,) if word[-1].isdigit() else ()
            pieces += (text[done:start], f'"{marks.other(place(), rule, number)}"')
        done = end
    pieces.append(text[done:])
    return "".join(pieces)
