"""How a backend's users know what was taken out: the vendors' markers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Vocabulary(NamedTuple):
    """The marker for a text of so many characters (``None``: it was no text)."""

    marker: Callable[[int | None], str]
    masks_authorization: bool = False


README = Vocabulary(lambda n: "[REDACTED]" if n is None else f"[REDACTED {n}]", True)
APITOOLKIT = Vocabulary(lambda _: "[CLIENT_REDACTED]")
