"""A bounded recorder of one body: the beginning is kept, all of it is counted.

It keeps references to the chunks that pass, so that a small body costs no copy, and turns to
one growing buffer when there are many of them, so that a body in tiny chunks costs no more
memory than its bytes.
"""

from __future__ import annotations

from typing import Any

_LOOSE_CHUNKS = 64
"""More chunks than this are joined: a bytes object costs 33 bytes beside its content."""


class BodyRecorder:
    """Keeps the first ``room`` bytes that it is given and counts the rest.

    Attributes:
        size: Bytes seen so far.
        kept_size: Bytes kept so far.
    """

    size = 0
    kept_size = 0
    _buffer: bytearray | None = None

    def __init__(self, room: int) -> None:
        self._room = room
        self._chunks: list[bytes] = []

    def add(self, data: Any) -> None:
        """Take note of the next bytes. Never raises, whatever an app or a server passes."""
        if data.__class__ is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                return  # not a body by PEP 3333: the server will say so
            data = bytes(data)  # a copy: it may change once we have let go of it
        length = len(data)
        self.size += length
        room = self._room - self.kept_size
        if room and length:
            if length > room:
                data = data[:room]
                length = room
            self.kept_size += length
            if self._buffer is not None:
                self._buffer += data
                return
            self._chunks.append(data)
            if len(self._chunks) > _LOOSE_CHUNKS:
                self._buffer = bytearray().join(self._chunks)
                self._chunks.clear()

    def leave_out(self) -> None:
        """Keep nothing from now on, and let go of what was kept; go on counting."""
        self._room = self.kept_size = 0
        self._buffer = None
        self._chunks.clear()

    @property
    def kept(self) -> bytes:
        """The bytes that were kept, from the first."""
        if self._buffer is not None:
            return bytes(self._buffer)
        chunks = self._chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    @property
    def truncated(self) -> bool:
        """Whether more passed than was kept."""
        return self.size > self.kept_size


class InputRecorder(BodyRecorder):
    """Records a request body as the app reads it.

    Attributes:
        touched: Whether the app has read at all.
        repeated: Bytes ahead that were recorded before the app went back in the stream.
    """

    touched = False
    repeated = 0

    def add_read(self, data: Any) -> None:
        """Take note of what one read returned."""
        self.touched = True
        if self.repeated and isinstance(data, bytes):
            seen = min(self.repeated, len(data))
            self.repeated -= seen
            data = data[seen:]
        if data:
            self.add(data)
