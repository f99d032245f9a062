"""The numbers in what servers and apps say as text."""

from __future__ import annotations

_SERVER_ERROR = 500


def status_code_of(status: str) -> int:
    """Return the number that a status line begins with, 500 if there is none."""
    return number(status.partition(" ")[0]) or _SERVER_ERROR


def number(text: str) -> int | None:
    """Return the number that ``text`` is, ``None`` if it is none or an absurd one.

    18 digits fit 64 bits, which the stores have; past 4,300 ``int`` itself refuses.
    """
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 18 else None
