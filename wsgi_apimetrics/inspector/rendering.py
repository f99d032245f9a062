"""Templates to responses. Everything is escaped; no template marks anything as safe.

The filters make numbers readable and strangers' text visible: control and direction characters,
which could make a text look like another, are shown as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

import jinja2
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from ..redaction.marks import MARKER
from .context import Context
from .ranges import PRESETS

_MASK = re.compile(r"sha512-[A-Za-z0-9+/]{86}==\?.{0,4}", re.DOTALL)
_CODED = r"%5B(?:CLIENT_)?REDACTED(?:(?:%20|\+)\d+)?%5D"  # as it stands in a query
_MARKED = re.compile(f"({MARKER.pattern}|{_CODED}|{_MASK.pattern})", re.DOTALL)
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_UNITS = ("B", "kB", "MB", "GB", "TB")


def page(template: str, context: Context | None, status: int = 200, **given: Any) -> Response:
    """Render a template; ``context`` is ``None`` for who must not see a store's name."""
    text = _environment().get_template(template).render(c=context, presets=PRESETS, **given)
    return Response(text, status, mimetype="text/html")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__ or ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (change, clock, day, iso, number, percent, seconds, segments, short, size, visible)
    environment.filters.update({one.__name__: one for one in filters})
    environment.filters["reason"] = lambda status: HTTP_STATUS_CODES.get(status, "")
    return environment


def visible(text: object) -> str:
    """Return a text with what can't be seen spelt out: ``⟨U+202E⟩``."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", str(text))


def segments(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text, and whether each is a marker that redaction put there."""
    for number_, part in enumerate(_MARKED.split(text)):
        is_marker = bool(number_ % 2)
        if is_marker and part.startswith("%"):
            part = unquote_plus(part)  # noqa: PLW2901
        if part:
            yield visible(part), is_marker


def seconds(value: float | None) -> str:
    """Return a duration in the unit that suits it: ``340 µs``, ``12.3 ms``, ``2.10 s``."""
    if value is None:
        return "-"
    if value < 0.001:
        return f"{value * 1e6:.0f} µs"
    if value < 0.1:
        return f"{value * 1e3:.1f} ms"
    return f"{value * 1e3:.0f} ms" if value < 1 else f"{value:.2f} s"


def size(value: int | None) -> str:
    """Return a number of bytes in the unit that suits it."""
    if value is None:
        return "-"
    amount, unit = float(value), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return (
        f"{amount:.0f} B" if not unit else f"{amount:.{0 if amount >= 100 else 1}f} {_UNITS[unit]}"
    )


def number(value: float) -> str:
    """Return a number with its thousands apart; below ten with one decimal if it has any."""
    return f"{value:,.1f}" if value < 10 and value != int(value) else f"{value:,.0f}"


def percent(value: float) -> str:
    """Return a share in percent."""
    return "0 %" if not value else f"{value * 100:.{1 if value < 0.1 else 0}f} %"


def change(now: float | None, before: float | None) -> str:
    """Return what changed since the period before, ``""`` where that can't be said."""
    if not before or now is None:
        return ""
    part = now / before - 1
    if abs(part) < 0.005:
        return "±0 %"
    return f"{part + 1:.0f}-fold" if part >= 9 else f"{part * 100:+.0f} %"


def clock(value: float) -> str:
    """Return the time of day, of this machine's time zone."""
    return _local(value).strftime("%H:%M:%S")


def day(value: float) -> str:
    """Return the date and time."""
    return _local(value).strftime("%Y-%m-%d %H:%M:%S")


def iso(value: float) -> str:
    """Return the moment as ISO 8601."""
    return _local(value).isoformat(timespec="milliseconds")


def short(text: str, at_most: int = 18) -> str:
    """Return a long key or id by its two ends."""
    return text if len(text) <= at_most else f"{text[: at_most - 7]}…{text[-6:]}"


def _local(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(value, timezone.utc).astimezone()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc)
