"""Error messages and stack traces that repeat what was taken out elsewhere.

Where a body was left out, nobody knows what an error may repeat of it: then its texts go too.

A value of four characters or more is looked for as it was, percent-encoded, as JSON and as
``repr`` write it; where a text was cut, also for the beginning or the end of one at the cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote_plus

from ..exchange import ErrorRecord
from .marks import MARKER, Marks
from .patterns import Patterns

LEAST = 4
"""Characters from which on a repeated value counts; shorter ones are in any text."""
_CUTS = re.compile(r"\.\.\.$|\n\[\.\.\.\]\n")


def scrub_errors(
    errors: tuple[ErrorRecord, ...], patterns: Patterns | None, marks: Marks
) -> tuple[ErrorRecord, ...]:
    """Return the errors without the values that ``marks`` heard of, and what patterns find."""
    if not errors:
        return errors
    wanted = _wanted(marks.spoken or ())
    is_deaf = marks.is_deaf()

    def cleaned(index: int, error: ErrorRecord) -> ErrorRecord:
        def clean(name: str, text: str) -> str:
            if is_deaf:
                return text and marks.text(f"errors.{index}.{name}", "body left out", text)
            return _clean(f"errors.{index}.{name}", text, wanted, patterns, marks)

        return replace(
            error,
            message=clean("message", error.message),
            root_message=clean("root_message", error.root_message),
            stack_trace=clean("stack_trace", error.stack_trace),
        )

    return tuple(cleaned(index, error) for index, error in enumerate(errors))


def _wanted(values: Iterable[str]) -> list[str]:
    """Return every dress of the values, longest first."""
    dresses: set[str] = set()
    for value in values:
        if len(value) < LEAST or MARKER.fullmatch(value):
            continue
        dresses.update((value, value.strip(), repr(value)[1:-1], json.dumps(value)[1:-1]))
        dresses.update((json.dumps(value, ensure_ascii=False)[1:-1], unquote_plus(value)))
        safe = value.encode("utf-8", "replace").decode()
        dresses.update((quote(safe), quote(safe, safe=""), quote_plus(safe)))
        dresses.update(line.strip() for line in value.splitlines())
    return sorted((one for one in dresses if len(one) >= LEAST), key=len, reverse=True)


def _clean(
    place: str, text: str, wanted: list[str], patterns: Patterns | None, marks: Marks
) -> str:
    for value in wanted:
        if value in text:
            text = text.replace(value, marks.text(place, "repeated value", value))
    if wanted and _CUTS.search(text):
        text = _clean_cuts(place, text, wanted, marks)
    return text if patterns is None else patterns.redact(place, text, marks)


def _clean_cuts(place: str, text: str, wanted: list[str], marks: Marks) -> str:
    """Take out what is left of a value on either side of a cut."""
    pieces = re.split(r"(\.\.\.$|\n\[\.\.\.\]\n)", text)
    for index in range(1, len(pieces), 2):
        before, after = pieces[index - 1], pieces[index + 1]
        for value in wanted:
            for length in range(min(len(value), len(before)), LEAST - 1, -1):
                if before.endswith(value[:length]):
                    marker = marks.text(place, "repeated value", value[:length])
                    before = before[: len(before) - length] + marker
                    break
            for length in range(min(len(value), len(after)), LEAST - 1, -1):
                if after.startswith(value[-length:]):
                    marker = marks.text(place, "repeated value", value[-length:])
                    after = marker + after[length:]
                    break
        pieces[index - 1], pieces[index + 1] = before, after
    return "".join(pieces)
