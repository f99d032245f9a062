"""What the full-text index knows of an exchange, and what the user may type to search it.

The text is made of the record alone and always the same, for to take an exchange out of the
index its text is made again: a change here needs a migration that empties and refills the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Term:
    """One part of what was typed.

    Attributes:
        place: The column that it is looked for in; empty: in all.
        text: A word, or several that follow each other.
        is_start: Whether its last word may go on.
        is_unwanted: Whether it must not occur.
    """

    place: str
    text: str
    is_start: bool
    is_unwanted: bool

    def expression(self) -> str:
        """Return it in FTS5's language.

        >>> Term("path", "ord", True, False).expression()
        '{path} : "ord"*'
        """
        return self.placed(f'"{self.text}"' + ("*" if self.is_start else ""))

    def placed(self, expression: str) -> str:
        """Return an ``expression`` where the term is looked for."""
        return f"{{{self.place}}} : {expression}" if self.place else expression


def terms(typed: str) -> list[Term]:
    """Return the parts of what was typed that have a word in them."""
    found = []
    for phrase, word in _TERM.findall(typed):
        place = ""
        unwanted = len(word) > 1 and word.startswith("-")
        word = word[1:] if unwanted else word  # noqa: PLW2901
        named = _FIELD.fullmatch(word)
        if named:
            place = _COLUMNS.get(named[1], named[1])
            word = named[2]  # noqa: PLW2901
        text = (phrase or word).replace('"', " ").replace("\0", " ")
        if any(character.isalnum() for character in text):
            found.append(Term(place, _utf8(text.rstrip("*")), word.endswith("*"), unwanted))
    return found


def joined(wanted: Iterable[str], unwanted: Iterable[str]) -> str | None:
    """Return expressions that must all, or must not, occur as one; ``None`` if none must."""
    found = " AND ".join(wanted)
    if not found:
        return None
    return " NOT ".join([f"({found})", *without]) if (without := [*unwanted]) else found


def match_expression(typed: str) -> str | None:
    """Return what was typed as an FTS5 expression; ``None`` if no word is in it.

    Words must all occur; ``cust*`` finds whatever begins so, ``"..."`` is a phrase, ``-word``
    must not occur, and ``path:``, ``header:``, ``body:`` name the place. Everything else is
    taken literally: nothing typed is an error.

    >>> match_expression('path:/users cust* -admin "not found"')
    '({path} : "/users" AND "cust"* AND "not found") NOT "admin"'
    """
    parts = terms(typed)
    return joined(
        (part.expression() for part in parts if not part.is_unwanted),
        (part.expression() for part in parts if part.is_unwanted),
    )


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
