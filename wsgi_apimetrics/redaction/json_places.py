"""Where in a JSON document a text or a number stands.

Looking for patterns needs no places, so a document is gone through for them only where one was
found, and only as far as the last that was.
"""

from __future__ import annotations

import re

from .json_walk import TOKEN, Spell
from .scanning import scanstring

_PIECE = re.compile(rf"{TOKEN.pattern}|[{{}}\[\],]", re.DOTALL)
_OPENING: dict[str, str | int] = {"{": "", "[": 0}
_CLOSING = frozenset("}]")


class Places:
    """The places of a document that was read whole before, asked for in the text's order.

    Args:
        text: The document.
        place: Its own place.
        spell: Writes members' names as a place may hold them.
    """

    __slots__ = ("_pieces", "_place", "_spell", "_spelt", "_way")

    def __init__(self, text: str, place: str, spell: Spell) -> None:
        self._pieces = _PIECE.finditer(text)
        self._place = place
        self._spell = spell
        self._spelt: dict[str, str] = {}
        # Of each array around it the index, of each object the name as it is written, "" before.
        self._way: list[str | int] = []

    def at(self, start: int) -> str:
        """Return the place of the text or the number that begins at ``start``.

        That of a member's name is the member's.
        """
        way = self._way
        while True:
            found = next(self._pieces)
            piece = found[0]
            if piece == ",":
                last = way[-1]
                way[-1] = last + 1 if isinstance(last, int) else ""
            elif piece in _OPENING:
                way.append(_OPENING[piece])
            elif piece in _CLOSING:
                way.pop()
            else:
                if way and way[-1] == "":
                    way[-1] = piece
                if found.start() == start:
                    return self._place + "".join(map(self._step, way))

    def _step(self, step: str | int) -> str:
        if isinstance(step, int):
            return f"[{step}]"
        spelt = self._spelt.get(step)
        if spelt is None:
            spelt = self._spelt[step] = f".{self._spell(scanstring(step, 1, True)[0])}"
        return spelt
