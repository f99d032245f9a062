"""Header fields: whole values by name, cookies by theirs, and the URLs inside of values."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

from ..exchange import Headers
from .cookies import redact_cookies
from .marks import Marks
from .names import fold
from .rules import COMMON, Rules
from .urls import redact_encoded, redact_urls
from .vocabulary import Vocabulary

_VALUES = re.compile(r"=([^&;,\s<>#]+)")
_COOKIES = frozenset({"cookie", "set-cookie"})
_MOST_REMEMBERED = 1024
"""Names of headers: a client that makes up ever new ones must not fill the memory."""


def redact_headers(
    headers: Headers, rules: Rules, vocabulary: Vocabulary, side: str, marks: Marks
) -> Headers:
    """Return the fields without what the rules name, in their order."""
    place = f"{side}.headers."
    unnamed, patterns = rules.unnamed_headers, rules.patterns is not None
    kept = []
    for name, value in headers:
        # Most headers are of a name that no rule says anything of, and hold no URL with
        # parameters or a user: asked once for each name, and by two searches of the value.
        if patterns or "=" in value or "@" in value or not unnamed.get(name):
            value = _value(name, value, rules, vocabulary, place + name, marks)  # noqa: PLW2901
            if name not in unnamed and len(unnamed) < _MOST_REMEMBERED:
                unnamed[name] = _is_unnamed(name, rules)
        kept.append((name, value))
    return tuple(kept)


def _is_unnamed(name: str, rules: Rules) -> bool:
    """Whether no rule goes by the header's ``name``, the usual ones of this module included."""
    key = _key(name)
    return (
        key not in _COOKIES
        and key != "authorization"
        and key not in rules.sensitive
        and rules.headers.denied.get(key) is None
        and rules.headers.rule(name) is None
    )


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    """What a header's name compares by; WSGI can't tell ``_`` from ``-`` in one."""
    return fold(name).replace("_", "-")


def _value(
    name: str, value: str, rules: Rules, vocabulary: Vocabulary, place: str, marks: Marks
) -> str:
    key = _key(name)
    rule = rules.headers.denied.get(key) or rules.headers.rule(name)
    if key in _COOKIES and rule in ("allowlist", COMMON):
        rule = None  # its cookies are judged one by one
    if key == "authorization":
        _hear_credentials(value, marks)
        masks = vocabulary.masks_authorization and key in rules.sensitive
        if masks and rule in (None, COMMON):
            return marks.masked(place, value)
    if rule is None and key in rules.sensitive:
        rule = "sensitive header"
    if rule is not None:
        _hear_parts(key, value, marks)
        return marks.text(place, rule, value)
    if key in _COOKIES:
        value = redact_cookies(key, value, rules.cookies, place, marks)
    else:
        value = redact_urls(value, rules.fields, place, marks)
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
    except (binascii.Error, ValueError):
        return
    marks.spoken.update((user_pass, user_pass.partition(":")[2]))


def _hear_parts(key: str, value: str, marks: Marks) -> None:
    """Note each cookie's value, and those of a query: an error may repeat one of them."""
    if marks.spoken is None:
        return
    if key == "set-cookie":
        value = value.partition(";")[0]
    marks.spoken.update(found.strip('"') for found in _VALUES.findall(value))
