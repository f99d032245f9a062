"""Detectors on values: the named ones, and the user's regular expressions.

Each named detector reads a text in time that grows with its length and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from .marks import Marks
from .regexes import LONGEST, UserPattern, user_pattern
from .unreadable import Reason, Unreadable

Found = tuple[int, int]
Span = tuple[int, int, str]
"""From where to where, and the rule that found it."""

_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,}")
_LIKE_DIGITS = re.compile(r"[0-9][0-9 -]{12}")
_JWT = re.compile(
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){1,3}"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_CLOUD_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|[prs]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|AccountKey=[A-Za-z0-9+/]{40,}={0,2}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"
)
_CLOUD_KEY_STARTS = (
    "AKIA", "ASIA", "ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "AROA", "AIza", "ya29.",
    "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "xox", "k_live_", "k_test_",
    "AccountKey=", "SG.",
)  # fmt: skip
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,63}")
_RUNS = re.compile(r"[0-9]+")


def _cards(text: str) -> Iterator[Found]:
    """Yield card numbers: 13 to 19 digits, in groups or not, that pass Luhn's check."""
    for run in _DIGITS.finditer(text):
        groups = [(m.start(), m.end()) for m in _RUNS.finditer(text, run.start(), run.end())]
        first = 0
        while first < len(groups):
            last = _last_group(text, groups, first)
            if last is None:
                first += 1
            else:
                yield groups[first][0], groups[last][1]
                first = last + 1


def _last_group(text: str, groups: Sequence[Found], first: int) -> int | None:
    """Return the group that a card number beginning with the group ``first`` ends with."""
    digits, best = "", None
    for index in range(first, len(groups)):
        digits += text[slice(*groups[index])]
        if len(digits) > 19:
            break
        if len(digits) >= 13 and digits[0] in "23456" and passes_luhn(digits):
            best = index
    return best


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _spans(pattern: re.Pattern[str]) -> Callable[[str], Iterable[Found]]:
    return lambda text: [found.span() for found in pattern.finditer(text)]


def _emails(text: str) -> list[Found]:
    return [found.span() for found in _EMAIL.finditer(text)] if "@" in text else []


DETECTORS: dict[str, Callable[[str], Iterable[Found]]] = {
    "card": _cards,
    "jwt": _spans(_JWT),
    "private_key": _spans(_PRIVATE_KEY),
    "cloud_key": _spans(_CLOUD_KEY),
    "email": _emails,
}
"""The named detectors."""

_GATES: dict[str, Callable[[str], object]] = {
    "card": _LIKE_DIGITS.search,
    "jwt": lambda text: "eyJ" in text,
    "private_key": lambda text: "PRIVATE KEY" in text,
    "cloud_key": lambda text: max(map(text.rfind, _CLOUD_KEY_STARTS)) >= 0,
    "email": lambda text: "@" in text,
}


class Patterns:
    """The rules of ``redact_patterns``.

    Raises:
        ConfigurationError: a rule is neither a detector's name nor a regular expression that is
            bounded in time.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self._named = [(rule, DETECTORS[rule]) for rule in rules if rule in DETECTORS]
        self._users: list[UserPattern] = [
            user_pattern("redact_patterns", rule) for rule in rules if rule not in DETECTORS
        ]

    def redact(self, place: str, text: str, marks: Marks) -> str:
        """Return ``text`` with a marker for everything that a pattern finds in it."""
        found = self.found(text, marks)
        return self.marked(found, place, text, marks) if found else text

    def marked(self, found: list[Span], place: str, text: str, marks: Marks) -> str:
        """Return ``text`` with markers for what :meth:`found` found in it."""
        marked = marks.marked_spans(place, text)
        pieces, done = [], 0
        for start, end, rule in _merged(found):
            if any(low <= start and end <= high for low, high in marked):
                continue
            pieces += [text[done:start], marks.text(place, rule, text[start:end])]
            done = end
        return "".join([*pieces, text[done:]])

    def within(self, document: str) -> Patterns | None:
        """Return those that could find anything in a value inside of ``document``, if any could.

        Every named detector needs some characters side by side, which a text without escapes
        shows as they are; of the user's expressions nothing is known.
        """
        if self._users or "\\" in document:
            return self
        some = Patterns(())
        some._named = [named for named in self._named if _GATES[named[0]](document)]
        return some if some._named else None

    def spans(self, text: str, marks: Marks) -> list[Found]:
        """Return where in ``text`` anything is found, in order and without overlaps."""
        return [(start, end) for start, end, _ in _merged(self.found(text, marks))]

    def found(self, text: str, marks: Marks) -> list[Span]:
        """Return what each pattern finds in ``text``, and which."""
        found = [(*span, rule) for rule, spans in self._named for span in spans(text)]
        for user in self._users:
            if not user.is_bounded and len(text) > LONGEST:
                return [(0, len(text), user.rule)]
            if marks.is_late():
                raise Unreadable(Reason.TOO_SLOW)
            found += [(*match.span(), user.rule) for match in user.pattern.finditer(text)]
        return found


def _merged(found: list[Span]) -> list[Span]:
    """Join what overlaps, so that no end of a match stays behind another's marker."""
    merged: list[Span] = []
    for start, end, rule in sorted(found):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            merged[-1] = (before[0], max(before[1], end), before[2])
        else:
            merged.append((start, end, rule))
    return merged
