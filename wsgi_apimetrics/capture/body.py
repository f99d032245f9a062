"""A bounded recorder of one body: the beginning is kept, all of it is counted.

It keeps references to the chunks that pass, so that a body costs no copy; small ones, when
there are many, are joined, so that a body in tiny chunks costs no more memory than its bytes.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

_LOOSE_CHUNKS = 64
_SMALL = 512
_JOINED = 8192
"""Once there are so many loose chunks, small ones are joined to pieces of this size: a bytes
object costs 33 bytes beside its content."""


class Recorded(NamedTuple):
    """What was recorded of a body: its beginning, its size, and whether anybody read it at all."""

    content: bytes
    size: int
    touched: bool = True

    @property
    def truncated(self) -> bool:
        """Whether more passed than was kept."""
        return self.size > len(self.content)


def recorded(body: BodyRecorder | bytes) -> Recorded:
    """Return what there is to know of a body, whatever is left of its recorder."""
    return Recorded(body, len(body)) if isinstance(body, bytes) else body.recorded()


class BodyRecorder:
    """Keeps the first ``room`` bytes that it is given and counts the rest."""

    # Most bodies come in one piece. It is kept without a list, for whatever a queued record
    # consists of is gone through by the garbage collector, on a request's thread as often as not.
    _chunks: list[bytes] | bytes = b""
    _lost = 0
    _small: bytearray | None = None
    _large = sys.maxsize
    """Chunks longer than this go straight to the list, where there is one."""

    def __init__(self, room: int) -> None:
        self._limit = self._room = room

    def add(self, data: Any) -> None:
        """Take note of the next bytes. Never raises, whatever an app or a server passes."""
        if data.__class__ is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                return  # not a body by PEP 3333: the server will say so
            data = bytes(data)  # a copy: it may change once we have let go of it
        length = len(data)
        room = self._room - length
        if room < 0:
            self._overflow(data)
        else:
            self._room = room
            if length > self._large:
                chunks: Any = self._chunks  # a list: see _large
                chunks.append(data)
            else:
                self._add_other(data)

    def leave_out(self) -> None:
        """Keep nothing from now on, and let go of what was kept; go on counting."""
        self._lost = self.size
        self._limit = self._room = 0
        self._small = None
        self._large = sys.maxsize
        self._chunks = b""

    @property
    def size(self) -> int:
        """How many bytes have passed."""
        return self._limit - self._room + self._lost

    def __len__(self) -> int:
        """How many bytes were kept."""
        return self._limit - self._room

    @property
    def kept(self) -> bytes:
        """The bytes that were kept, from the first."""
        chunks = self._chunks
        return chunks if isinstance(chunks, bytes) else b"".join((*chunks, self._small or b""))

    def settled(self) -> BodyRecorder | bytes:
        """Return the bytes alone where there is nothing else to know: one piece, the whole body."""
        chunks = self._chunks
        return chunks if isinstance(chunks, bytes) and not self._lost else self

    def recorded(self) -> Recorded:
        """Return what there is to know."""
        return Recorded(self.kept, self.size)

    def _overflow(self, data: bytes) -> None:
        """Keep what there is room for, count the rest."""
        room = self._room
        self._lost += len(data) - room
        if room:
            self._room = 0
            self._add_other(data[:room])

    def _add_other(self, data: bytes) -> None:
        """Keep the first chunks, and small ones."""
        chunks = self._chunks
        if isinstance(chunks, bytes):
            if chunks:
                self._chunks = [chunks, data]
                self._large = _SMALL
            else:
                self._chunks = data
        elif self._small is None and len(chunks) < _LOOSE_CHUNKS:
            chunks.append(data)
        else:
            self._small = self._small or bytearray()
            self._small += data
            self._large = sys.maxsize  # whatever comes next goes behind these
            if len(self._small) >= _JOINED:
                chunks.append(bytes(self._small))
                self._small.clear()
                self._large = _SMALL


class InputRecorder(BodyRecorder):
    """Records a request body as the app reads it.

    Attributes:
        touched: Whether the app has read at all.
        moved: By how much the app has moved in a stream that can seek, away from where the
            record ends: negative before it, positive past it.
    """

    touched = False
    moved = 0

    def recorded(self) -> Recorded:
        """Return what there is to know."""
        return Recorded(self.kept, self.size, self.touched)

    def add_read(self, data: Any) -> None:
        """Take note of what one read returned."""
        self.touched = True
        if self.moved and isinstance(data, bytes):
            data = self._unrecorded(data)
        if data:
            self.add(data)

    def _unrecorded(self, data: bytes) -> bytes:
        """Return what of ``data`` goes on where the record ends: it is a body's beginning."""
        if self.moved > 0:
            self.moved += len(data)
            return b""
        known = min(-self.moved, len(data))
        self.moved += known
        return data[known:]
