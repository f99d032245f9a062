"""Header fields: whole values by name, cookies by theirs, and the URLs inside of values."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any, NamedTuple

from ..exchange import Headers
from .cookies import redact_cookies
from .marks import Marks
from .names import fold
from .rules import COMMON, Rules
from .urls import redact_encoded, redact_urls
from .vocabulary import Vocabulary

_VALUES = re.compile(r"=([^&;,\s<>#]+)")
_COOKIES = frozenset({"cookie", "set-cookie"})
_UNKNOWN: Any = object()
_MOST_REMEMBERED = 1024
"""Names of headers: a client that makes up ever new ones must not fill the memory."""


class Way(NamedTuple):
    """What is done with the headers of one name.

    Attributes:
        key: What the name compares by.
        rule: The rule by which the whole value goes, ``None`` if it stays.
        sensitive: Whether the name is one of the usual ones that always go.
    """

    key: str
    rule: str | None
    sensitive: bool


def redact_headers(
    headers: Headers, rules: Rules, vocabulary: Vocabulary, side: str, marks: Marks
) -> Headers:
    """Return the fields without what the rules name, in their order."""
    ways, place = rules.header_ways, f"{side}.headers."
    # Most headers are of a name that no rule says anything of, and hold no URL with
    # parameters or a user: asked once for each name, and by two searches of the value.
    return tuple(
        [
            (name, value)
            if ways.get(name, _UNKNOWN) is None and "=" not in value and "@" not in value
            else (name, _value(name, value, rules, vocabulary, place, marks))
            for name, value in headers
        ]
    )


def _way(name: str, rules: Rules) -> Way | None:
    """Return what is done with a header of that ``name``; ``None`` if no rule goes by it."""
    key = _key(name)
    rule = rules.headers.denied.get(key) or rules.headers.rule(name)
    if key in _COOKIES and rule in ("allowlist", COMMON):
        rule = None  # its cookies are judged one by one
    sensitive = key in rules.sensitive
    if rule or sensitive or rules.patterns or key in _COOKIES or key == "authorization":
        return Way(key, rule, sensitive)
    return None


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    """What a header's name compares by; WSGI can't tell ``_`` from ``-`` in one."""
    return fold(name).replace("_", "-")


def _value(
    name: str, value: str, rules: Rules, vocabulary: Vocabulary, place: str, marks: Marks
) -> str:
    place += name
    way = rules.header_ways.get(name, _UNKNOWN)
    if way is _UNKNOWN:
        way = _way(name, rules)
        if len(rules.header_ways) < _MOST_REMEMBERED:
            rules.header_ways[name] = way
    if way is None:
        return _searched(value, rules, place, marks)
    key, rule, sensitive = way
    if key == "authorization":
        _hear_credentials(value, marks)
        if sensitive and vocabulary.masks_authorization and rule in (None, COMMON):
            return marks.masked(place, value)
    if rule is None and sensitive:
        rule = "sensitive header"
    if rule is not None:
        _hear_parts(key, value, marks)
        return marks.text(place, rule, value)
    if key in _COOKIES:
        return _by_patterns(
            redact_cookies(key, value, rules.cookies, place, marks), rules, place, marks
        )
    return _searched(value, rules, place, marks)


def _searched(value: str, rules: Rules, place: str, marks: Marks) -> str:
    """Return a value that stays, without what rules find inside of it."""
    return _by_patterns(redact_urls(value, rules.fields, place, marks), rules, place, marks)


def _by_patterns(value: str, rules: Rules, place: str, marks: Marks) -> str:
    if rules.patterns is None:
        return value
    if "%" in value:
        value = redact_encoded(value, rules.patterns, place, marks)
    return rules.patterns.redact(place, value, marks)


def _hear_credentials(value: str, marks: Marks) -> None:
    """An error may repeat the credentials without their scheme, or what Basic encodes."""
    if marks.spoken is None:
        return
    credentials = value.partition(" ")[2].strip()
    marks.spoken.add(credentials)
    try:
        user_pass = base64.b64decode(credentials, validate=True).decode()
    except ValueError:
        return
    marks.spoken.update((user_pass, user_pass.partition(":")[2]))


def _hear_parts(key: str, value: str, marks: Marks) -> None:
    """Note each cookie's value, and those of a query: an error may repeat one of them."""
    if marks.spoken is None:
        return
    if key == "set-cookie":
        value = value.partition(";")[0]
    marks.spoken.update(found.strip('"') for found in _VALUES.findall(value))
