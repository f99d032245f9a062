"""URLs and paths: the copies of a query, a fragment, a path parameter that they hold.

A header's value is searched for queries wherever they stand in it (Referer, Location, Link, and
what proxies add, such as X-Original-URL), so that no list of such headers has to be complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from .form_fields import decoded, holds_secret, redact_fields
from .marks import MARKER, Marks
from .patterns import Patterns
from .rules import COMMON, Names

_QUERY = re.compile(r"""(?<=[?#&])[^\s<>"'#?]*=[^\s<>"'#]*""")
_ENCODED = re.compile(r"""(?<![^/?#&=;,\s<>"'])[^/?#&=;,\s<>"']*%[^/?#&=;,\s<>"']*""")
_USERINFO = re.compile(r"(?<=//)[^\s/?#@<>\"']+(?=@)")
_MATRIX = re.compile(r";([^/?#;=]+)=([^/?#;]*)")


_NESTED = re.compile(r"[?#&]")
_DEEPEST = 16
"""URLs inside of each other: a value with more of them goes as a whole."""


def redact_query(
    query: str, names: Names, patterns: Patterns | None, place: str, marks: Marks
) -> str:
    """Return a query string without the values that the rules name.

    Also those of a URL that is a parameter's value (``next=/reset?token=...``): where to go
    after the login is a copy of the address that was asked for.
    """
    if not query or not (names or patterns):
        return query

    def judge(name: str, value: str) -> str | None:
        rule = names.rule(name)
        return COMMON if rule is None and names.secrets and holds_secret(value) else rule

    def within(value: str, where: str) -> str:
        plain = decoded(value)
        if "=" not in plain or not names or not _NESTED.search(plain):
            return value
        if plain.count("?") + plain.count("#") > _DEEPEST:
            return quoted(where, "nested URLs", value, marks)
        clean = redact_urls(plain, names, where, marks)
        return value if clean == plain else quote(clean)

    return redact_fields(query, judge, patterns, place, marks, within)


def redact_urls(value: str, names: Names, place: str, marks: Marks) -> str:
    """Return a header's value without what rules name in the URLs inside of it."""
    if "=" in value and names and _NESTED.search(value):
        value = _QUERY.sub(lambda found: redact_query(found[0], names, None, place, marks), value)
    if "@" in value and "//" in value:
        value = _USERINFO.sub(
            lambda found: quoted(f"{place}.userinfo", "userinfo", found[0], marks), value
        )
    if ";" in value and "=" in value and "/" in value:
        value = redact_matrix(value, names, place, marks)
    return value


def redact_encoded(value: str, patterns: Patterns, place: str, marks: Marks) -> str:
    """Return ``value`` without what patterns find behind percent-encoding in it."""

    def replaced(found: re.Match[str]) -> str:
        plain = unquote(found[0])
        clean = patterns.redact(place, plain, marks)
        return found[0] if clean == plain else quote(clean)

    return _ENCODED.sub(replaced, value)


def redact_matrix(path: str, names: Names, place: str, marks: Marks) -> str:
    """Return ``path`` without the matrix parameters (``/a;token=x``) that are denied."""

    def replaced(found: re.Match[str]) -> str:
        rule = names.rule(unquote(found[1]).strip())
        if rule is None or rule == "allowlist" or MARKER.fullmatch(unquote(found[2])):
            return found[0]  # the query's ; parts its parameters too: they went before
        marker = quoted(f"{place}.{found[1].strip()}", rule, found[2], marks)
        return f";{found[1]}={marker}"

    return _MATRIX.sub(replaced, path)


def redact_segments(
    path: str, values: Iterable[tuple[str, str, str]], place: str, marks: Marks
) -> str | None:
    """Return ``path`` with a marker for each value of (name, value, rule).

    Returns:
        ``None`` if a value could not be found in it, so that it is not certain what to take out.
    """
    for name, value, rule in values:
        if not value:
            continue
        segments = path.split("/")
        wanted = value.strip("/")
        if any(unquote(segment) == wanted for segment in segments):
            path = "/".join(
                quoted(f"{place}.{name}", rule, wanted, marks) if unquote(s) == wanted else s
                for s in segments
            )
            continue
        plain = unquote(path)
        if not wanted or wanted not in plain:
            return None
        marker = marks.text(f"{place}.{name}", rule, wanted)
        path = quote(plain.replace(wanted, marker), safe="/:@!$&'()*+,;=-._~")
    return path


def redact_path_by_patterns(path: str, patterns: Patterns, place: str, marks: Marks) -> str:
    """Return ``path`` without what patterns find in its segments."""

    def redacted(segment: str) -> str:
        plain = unquote(segment)
        clean = patterns.redact(place, plain, marks)
        return segment if clean == plain else quote(clean)

    return "/".join(map(redacted, path.split("/")))


def quoted(place: str, rule: str, raw: str, marks: Marks) -> str:
    """Return the marker for what is percent-encoded, itself so, or what is it already."""
    plain = unquote(raw)
    marker = marks.text(place, rule, plain)
    return raw if marker is plain else quote(marker)
