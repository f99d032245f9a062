"""What the full-text index knows of an exchange, and what the user may type to search it.

The text is made of the record alone and always the same, for to take an exchange out of the
index its text is made again: a change here needs a migration that empties and refills the index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TERM = re.compile(r'"([^"]*)"|(\S+)')
_FIELD = re.compile(r"(path|headers?|body|bodies):(.+)", re.DOTALL)
_COLUMNS = {"header": "headers", "body": "bodies"}


def searchable(plain: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the text of the index's columns: path, headers, bodies.

    Bodies that are not text are left out. Route, caller and errors count with the headers.
    """
    request, response = plain["request"], plain["response"]
    about = [
        f"{name}: {value}"
        for message in (request, response)
        for name, value in message.get("headers", ())
    ]
    about.append(str(plain.get("route") or ""))
    about += [str(value) for value in plain.get("group", {}).values()]
    about += [f"{error['type']}: {error['message']}" for error in plain.get("errors", ())]
    bodies = (str(message["body"].get("text", "")) for message in (request, response))
    path = f"{request['method']} {request['host']} {request['path']} {request.get('query', '')}"
    return _utf8(path), _utf8("\n".join(about)), _utf8("\n".join(bodies))


def match_expression(typed: str) -> str | None:
    """Return what was typed as an FTS5 expression; ``None`` if no word is in it.

    Words must all occur; ``cust*`` finds whatever begins so, ``"..."`` is a phrase, ``-word``
    must not occur, and ``path:``, ``header:``, ``body:`` name the place. Everything else is
    taken literally: nothing typed is an error.

    >>> match_expression('path:/users cust* -admin "not found"')
    '({path} : "/users" AND "cust"* AND "not found") NOT "admin"'
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for phrase, word in _TERM.findall(typed):
        place = ""
        negated = len(word) > 1 and word.startswith("-")
        word = word[1:] if negated else word  # noqa: PLW2901
        named = _FIELD.fullmatch(word)
        if named:
            place = f"{{{_COLUMNS.get(named[1], named[1])}}} : "
            word = named[2]  # noqa: PLW2901
        text = (phrase or word).replace('"', " ").replace("\0", " ")
        if not any(character.isalnum() for character in text):
            continue
        term = f'{place}"{_utf8(text.rstrip("*"))}"' + ("*" if word.endswith("*") else "")
        (unwanted if negated else wanted).append(term)
    if not wanted:
        return None
    found = " AND ".join(wanted)
    return f"({found}) NOT " + " NOT ".join(unwanted) if unwanted else found


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
