"""Named fields in a text: query strings and urlencoded forms.

What no rule names keeps its exact text. A field is judged by its decoded name, and where a
server might split at ``;`` as well (the older rule), by each of those names too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, unquote_to_bytes

from .marks import Marks
from .names import is_common_secret
from .patterns import Patterns

_KEYS = re.compile(r'"([^"\\]*)\\*"\s*:')

Judge = Callable[[str, str], str | None]
"""Takes a field's name and value, and returns the rule by which the value goes."""
Within = Callable[[str, str], str]
"""Takes a value that stays, and its place, and returns it without what rules name inside of it."""


def decoded(raw: str) -> str:
    """Undo ``+`` and percent-encoding; what is not UTF-8 is read as latin-1."""
    if "%" not in raw and "+" not in raw:
        return raw
    content = unquote_to_bytes(raw.replace("+", " ").encode("utf-8", "surrogatepass"))
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def redact_fields(
    text: str,
    judge: Judge,
    patterns: Patterns | None,
    place: str,
    marks: Marks,
    within: Within | None = None,
) -> str:
    """Return ``name=value&...`` with markers for what ``judge`` names, and what patterns find."""

    def redacted(field: str) -> str:
        name, equals, value = field.partition("=")
        if not equals:
            return _by_patterns(name, patterns, place, marks)
        plain = decoded(name)
        where = f"{place}.{marks.name(plain)}"
        rule = judge(plain, decoded(value))
        if rule is not None:
            return f"{name}={_marked(value, where, rule, marks)}"
        if ";" in field:
            return ";".join(map(redacted, field.split(";")))
        name = _by_patterns(name, patterns, place, marks)
        if within is not None:
            value = within(value, where)
        return f"{name}={_by_patterns(value, patterns, where, marks)}"

    return "&".join(map(redacted, text.split("&")))


def holds_secret(value: str) -> bool:
    """Whether a field's value is JSON with one of the usual names of secrets in it."""
    if value.lstrip()[:1] not in ("{", "["):
        return False
    return "\\u" in value or any(map(is_common_secret, _KEYS.findall(value)))


def fields_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the decoded names and values of ``name=value&...``."""
    for field in text.split("&"):
        name, equals, value = field.partition("=")
        if equals:
            yield decoded(name), decoded(value)


def _marked(value: str, where: str, rule: str, marks: Marks) -> str:
    plain = decoded(value)
    marker = marks.text(where, rule, plain)
    if marks.spoken is not None:
        marks.spoken.add(value)
    return value if marker is plain else quote(marker)


def _by_patterns(value: str, patterns: Patterns | None, where: str, marks: Marks) -> str:
    if patterns is None or not value:
        return value
    plain = decoded(value)
    redacted = patterns.redact(where, plain, marks)
    return value if redacted == plain else quote_plus(redacted)
