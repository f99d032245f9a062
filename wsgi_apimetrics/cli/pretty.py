"""JSON for a person to read: indented, and otherwise as it came, digit for digit, key for key."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{},:]|[^][{},:"\s]+')

_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")


def indented(text: str) -> str:
    r"""Return a JSON document indented; any other text as it is.

    >>> print(indented('{"n": 1.10, "n": [], "s": "\\u00e4"}'))
    {
      "n": 1.10,
      "n": [],
      "s": "ä"
    }
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    parts: list[str] = []
    depth, before = 0, ""
    for token in _TOKEN.findall(text):
        closes = token in _CLOSING
        depth -= closes
        if closes != (before in _OPENING) or before == ",":
            parts.append("\n" + "  " * depth)
        elif before == ":":
            parts.append(" ")
        parts.append(_unescaped(token))
        depth += token in _OPENING
        before = token
    return "".join(parts)


def _unescaped(token: str) -> str:
    return json.dumps(json.loads(token), ensure_ascii=False) if "\\" in token else token
