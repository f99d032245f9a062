"""The parts of the standard library's JSON scanner, in C, with the types that typeshed lacks."""

from __future__ import annotations

import json.decoder
import re
from collections.abc import Callable
from typing import Any, cast

Scan = Callable[[str, int], tuple[Any, int]]

scanstring: Callable[[str, int, bool], tuple[str, int]] = vars(json.decoder)["scanstring"]
"""Return the string that begins behind a quotation mark, and where it ends."""

BLANK = re.compile(r"[ \t\n\r]*")
blank = cast("Callable[..., re.Match[str]]", BLANK.match)  # it always matches
"""Match the white space, or nothing, at a place in a text."""


def scanner(**hooks: Any) -> Scan:
    """Return what reads a value in C, and says where it ends."""
    scan: Scan = vars(json.decoder.JSONDecoder(**hooks))["scan_once"]
    return scan
