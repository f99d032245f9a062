"""The input tee stands in for the server's stream in whatever an app does with one."""

from __future__ import annotations

import io

import pytest

from wsgi_apimetrics.capture.body import InputRecorder
from wsgi_apimetrics.capture.input import tee_input

BODY = b"line1\nline2\n"


class Keyworded:
    """As gunicorn's: the size may be named, and there is no ``with``."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def read(self, size=-1):
        return self._content.read(size)

    def readline(self, size=-1):
        return self._content.readline(size)

    def readlines(self, hint=-1):
        return self._content.readlines(hint)


def teed(stream):
    recorder = InputRecorder(1000)
    return tee_input(stream, recorder), recorder


def test_a_stream_that_can_be_entered_still_can():
    """Some servers pass Python's own files: ``with`` works, and what it reads counts."""
    stream = io.BytesIO(BODY)
    tee, recorder = teed(stream)
    with tee as entered:
        assert entered.read() == BODY
    assert stream.closed
    assert recorder.kept == BODY


def test_what_enter_returns_is_the_streams_own_word():
    """A stream may hand out another object; that is the app's then, as it would be without us."""

    class Another(io.BytesIO):
        def __enter__(self):
            return "another"

    tee, _ = teed(Another(BODY))
    with tee as entered:
        assert entered == "another"


def test_a_stream_that_cannot_be_entered_still_cannot():
    """An app that asks gets the answer that it would get without us."""
    tee, _ = teed(Keyworded(BODY))
    with pytest.raises((TypeError, AttributeError)), tee:
        pass
    assert not hasattr(tee, "__enter__")


@pytest.mark.parametrize(
    ("read", "recorded"),
    [
        (lambda stream: stream.read(size=3), BODY[:3]),
        (lambda stream: stream.readline(size=3), BODY[:3]),
        (lambda stream: stream.readlines(hint=3), BODY[:6]),
    ],
)
def test_a_size_may_be_named(read, recorded):
    """PEP 3333 has it by position; a server that takes more than that still does."""
    tee, recorder = teed(Keyworded(BODY))
    assert read(tee) == read(Keyworded(BODY))
    assert recorder.kept == recorded


def test_attributes_can_be_deleted():
    """What an app puts on the stream, it can take off again."""
    stream = Keyworded(BODY)
    tee, _ = teed(stream)
    tee.mark = 1
    assert stream.mark == 1
    del tee.mark
    assert not hasattr(stream, "mark")


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: io.TextIOWrapper(stream, "utf-8").read().encode(),
        lambda stream: io.BufferedReader(stream).read(),
    ],
)
def test_pythons_own_readers_can_be_put_over_it(read):
    """What they pull through is recorded."""
    tee, recorder = teed(io.BytesIO(BODY))
    assert read(tee) == BODY
    assert recorder.kept == BODY


class Raw(io.RawIOBase):
    """A stream that has nothing for now, as a socket that does not wait, then all at once."""

    def __init__(self, content):
        self._pieces = [None, content]

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._pieces.pop(0) if self._pieces else b""
        if piece is None:
            return None
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize(
    ("read", "came"),
    [
        (next, b"line1\n"),
        (lambda stream: stream.read1(4), b"line"),
        (lambda stream: b"".join(iter(stream)), BODY),
    ],
)
def test_whatever_else_reads_is_recorded(read, came):
    """PEP 3333 has less; an app may know what its server's stream has besides."""
    tee, recorder = teed(io.BytesIO(BODY))
    assert read(tee) == came
    assert recorder.kept == came


def test_a_stream_that_does_not_wait_may_have_nothing():
    """``None`` is the stream's answer then, the app's too, and no part of the body."""
    buffer = bytearray(100)
    tee, recorder = teed(Raw(BODY))
    assert tee.readinto(buffer) is None
    assert recorder.kept == b""
    assert tee.readall() == BODY
    assert recorder.kept == BODY


def test_a_seek_by_a_stream_that_does_not_tell_is_passed_on():
    """Nobody can say how far it went: what is read is recorded as it comes."""

    class Silent(io.BytesIO):
        def tell(self):
            raise OSError("a pipe")

    tee, recorder = teed(Silent(BODY))
    assert tee.seek(6) == 6
    assert tee.read() == BODY[6:]
    assert recorder.kept == BODY[6:]


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.read(),
        lambda stream: stream.readline(),
        lambda stream: stream.readlines(),
        lambda stream: stream.read1(),
        lambda stream: stream.readinto(bytearray(9)),
        lambda stream: next(stream, None),
    ],
)
def test_who_reads_and_gets_nothing_has_read(read):
    """An empty body is known to be empty; an unread one is not."""
    tee, recorder = teed(io.BytesIO())
    assert not recorder.touched
    came = read(tee)
    assert not came
    assert recorder.touched is (came is not None)
