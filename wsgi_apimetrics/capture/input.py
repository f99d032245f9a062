"""The tee on ``wsgi.input``: records what the app reads, and reads nothing itself.

PEP 3333, "Input and Error Streams": a server may answer ``Expect: 100-continue`` at the first
read, and an app may leave the body unread, so the only reads that reach the server's stream
are the app's own, with the app's own arguments. Every reading style is recorded; everything
else is the stream's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .body import InputRecorder

_READS = frozenset({"read1", "readall"})
_READS_INTO = frozenset({"readinto", "readinto1"})
_set = object.__setattr__


class InputTee:
    """Stands in for ``wsgi.input`` while the app runs."""

    __slots__ = ("__weakref__", "_recorder", "_stream")

    _stream: Any
    _recorder: InputRecorder

    def __init__(self, stream: Any, recorder: InputRecorder) -> None:
        _set(self, "_stream", stream)
        _set(self, "_recorder", recorder)

    def read(self, *args: Any, **named: Any) -> Any:
        """Read as the stream does."""
        data = self._stream.read(*args, **named)
        self._recorder.add_read(data)
        return data

    def readline(self, *args: Any, **named: Any) -> Any:
        """Read a line as the stream does."""
        data = self._stream.readline(*args, **named)
        self._recorder.add_read(data)
        return data

    def readlines(self, *args: Any, **named: Any) -> Any:
        """Read lines as the stream does."""
        lines = self._stream.readlines(*args, **named)
        self._recorder.touched = True
        for line in lines:
            self._recorder.add_read(line)
        return lines

    def __iter__(self) -> Iterator[Any]:
        return _InputLines(iter(self._stream), self._recorder)

    def __next__(self) -> Any:
        data = next(self._stream)
        self._recorder.add_read(data)
        return data

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        if name in _READS:
            return _recording(found, self._recorder)
        if name in _READS_INTO:
            return _recording_into(found, self._recorder)
        if name == "seek":
            return _seeking(found, self._stream, self._recorder)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._stream, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._stream, name)


class EnteredInputTee(InputTee):
    """For a stream that can be entered: Python looks for these methods on the class alone."""

    __slots__ = ()

    def __enter__(self) -> Any:
        entered = self._stream.__enter__()
        return self if entered is self._stream else entered

    def __exit__(self, *raised: object) -> Any:
        return self._stream.__exit__(*raised)


def tee_input(stream: Any, recorder: InputRecorder) -> InputTee:
    """Wrap ``wsgi.input``, with what ``with`` needs exactly if the stream has it."""
    kind = EnteredInputTee if hasattr(type(stream), "__enter__") else InputTee
    return kind(stream, recorder)


class _InputLines:
    """The iterator of the stream's lines, recording each."""

    __slots__ = ("_lines", "_recorder")

    def __init__(self, lines: Iterator[Any], recorder: InputRecorder) -> None:
        self._lines = lines
        self._recorder = recorder

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        data = next(self._lines)
        self._recorder.add_read(data)
        return data


def _recording(method: Callable[..., Any], recorder: InputRecorder) -> Callable[..., Any]:
    def read(*args: Any, **named: Any) -> Any:
        data = method(*args, **named)
        recorder.add_read(data)
        return data

    return read


def _recording_into(method: Callable[..., Any], recorder: InputRecorder) -> Callable[..., Any]:
    def readinto(buffer: Any, *args: Any) -> Any:
        count = method(buffer, *args)
        if isinstance(count, int):
            recorder.add_read(bytes(memoryview(buffer).cast("B")[:count]))
        return count

    return readinto


def _seeking(
    method: Callable[..., Any], stream: Any, recorder: InputRecorder
) -> Callable[..., Any]:
    """A stream that can seek (a test client's, waitress's) may be read twice: record it once."""

    def seek(*args: Any) -> Any:
        before = _position(stream)
        result = method(*args)
        after = _position(stream)
        if before is not None and after is not None:
            recorder.moved += after - before
        return result

    return seek


def _position(stream: Any) -> int | None:
    try:
        return int(stream.tell())
    except (AttributeError, OSError, TypeError, ValueError):
        return None
