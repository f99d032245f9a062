"""Header fields: whole values by name, cookies by theirs, and the URLs inside of values."""

from __future__ import annotations

import base64
import binascii

from ..exchange import Headers
from .cookies import redact_cookies
from .marks import Marks
from .names import fold
from .rules import Rules
from .urls import redact_encoded, redact_urls
from .vocabulary import Vocabulary

_COOKIES = frozenset({"cookie", "set-cookie"})


def redact_headers(
    headers: Headers, rules: Rules, vocabulary: Vocabulary, side: str, marks: Marks
) -> Headers:
    """Return the fields without what the rules name, in their order."""
    return tuple(
        (name, _value(name, value, rules, vocabulary, f"{side}.headers.{name}", marks))
        for name, value in headers
    )


def _value(
    name: str, value: str, rules: Rules, vocabulary: Vocabulary, place: str, marks: Marks
) -> str:
    key = fold(name).replace("_", "-")
    rule = rules.headers.denied.get(key) or rules.headers.rule(name)
    if key in _COOKIES and rule == "allowlist":
        rule = None  # its cookies are judged one by one
    if key == "authorization":
        _hear_credentials(value, marks)
        masks = vocabulary.masks_authorization and key in rules.sensitive
        if masks and rule in (None, "redact_common_secrets"):
            return marks.masked(place, value)
    if rule is None and key in rules.sensitive:
        rule = "sensitive header"
    if rule is not None:
        if key in _COOKIES:
            _hear_cookies(key, value, marks)
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


def _hear_cookies(key: str, value: str, marks: Marks) -> None:
    """Note each cookie's value, but no attribute's."""
    if marks.spoken is not None:
        pieces = value.split(";") if key == "cookie" else value.split(";")[:1]
        marks.spoken.update(piece.partition("=")[2].strip().strip('"') for piece in pieces)
