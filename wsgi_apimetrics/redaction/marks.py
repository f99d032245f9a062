"""What is taken out of one exchange: the markers put in, and the record of where and why.

Everything that replaces a value does it through :meth:`Marks.text` or one of its siblings, so
that nothing is redacted without being recorded, and nothing twice: a place that is known to be
redacted and holds a marker stays as it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable

from ..exchange import Redaction
from .mask import mask
from .vocabulary import Vocabulary

MARKER = re.compile(r"\[REDACTED(?: \d+)?\]|\[CLIENT_REDACTED\]")
_MASK = re.compile(r"sha512-[A-Za-z0-9+/]{86}==\?.{0,4}", re.DOTALL)
_PATTERN_SECONDS = 2.0
"""How long the user's regular expressions may work on one exchange."""


Finds = Callable[[str, "Marks"], list[tuple[int, int]]]


class Marks:
    """The redactions of one exchange.

    Attributes:
        spoken: The values that were taken out, if error texts are to be searched for them.
    """

    __slots__ = ("_before", "_begun", "_finds", "_found", "_known", "_marker", "_until", "spoken")

    def __init__(
        self,
        vocabulary: Vocabulary,
        before: tuple[Redaction, ...],
        *,
        listens: bool,
        finds: Finds | None = None,
    ) -> None:
        self._marker = vocabulary.marker
        self._finds = finds
        self._before = before
        self._known = frozenset(redaction.place for redaction in before)
        self._found: dict[tuple[str, str, str | None], None] = {}
        self.spoken: set[str] | None = set() if listens else None
        self._until: float | None = None
        self._begun = 0.0

    def redactions(self) -> tuple[Redaction, ...]:
        """Return everything that was taken out, now and before."""
        if not self._found:
            return self._before
        return (*self._before, *map(Redaction._make, self._found))

    def is_late(self) -> bool:
        """Whether regular expressions have worked on the exchange for too long.

        That is by this thread's processor time, from the first time that this is asked: an
        exchange is not left out because a machine is busy with something else. It costs more to
        read than the clock, so it is read only where by the clock the time may be up.
        """
        now = time.monotonic()
        if self._until is None:
            self._until, self._begun = now + _PATTERN_SECONDS, time.thread_time()
            return False
        return now > self._until and time.thread_time() > self._begun + _PATTERN_SECONDS

    def name(self, name: str) -> str:
        """Return a name as a place may hold it: without what patterns find in it.

        What stands in a place of an earlier pass was spelt so by that one.
        """
        if self._finds is None:
            return name
        found = self._finds(name, self)
        if found and any(name in place for place in self._known):
            return name
        for start, end in reversed(found):
            name = name[:start] + self._marker(end - start) + name[end:]
        return name

    def text(self, place: str, rule: str, value: str) -> str:
        """Return the marker for a text, or the text if it is this place's marker already."""
        if self._known and self.is_marked(place, value):
            return value
        self._found[place, rule, None] = None
        if self.spoken is not None:
            self.spoken.add(value)
        return self._marker(len(value))

    def other(self, place: str, rule: str, values: Iterable[str]) -> str:
        """Return the marker for what is no text; ``values``: the texts that it holds."""
        self._note(place, rule, values)
        return self._marker(None)

    def masked(self, place: str, value: str) -> str:
        """Return the mask of a key."""
        if place in self._known and (_MASK.fullmatch(value) or MARKER.fullmatch(value)):
            return value
        self._note(place, "mask", [value])
        return mask(value)

    def omit(self, place: str, rule: str, reason: str) -> None:
        """Record that a whole body was left out."""
        self._found[place, rule, reason] = None

    def is_deaf(self) -> bool:
        """Whether a body was left out: what a rule would have taken out of it nobody heard."""
        return any(reason is not None for _, _, reason in self._found)

    def is_marked(self, place: str, value: str) -> bool:
        """Whether ``value`` is the marker that an earlier pass put at ``place``."""
        return bool(self._known) and place in self._known and MARKER.fullmatch(value) is not None

    def marked_spans(self, place: str, value: str) -> list[tuple[int, int]]:
        """Return where an earlier pass put markers into the text at ``place``."""
        if place not in self._known:
            return []
        return [found.span() for found in MARKER.finditer(value)]

    def _note(self, place: str, rule: str, values: Iterable[str]) -> None:
        self._found[place, rule, None] = None
        if self.spoken is not None:
            self.spoken.update(values)
