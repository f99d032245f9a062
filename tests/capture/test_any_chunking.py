"""Whatever the bytes, the chunks and the reading style: the same out, the prefix recorded."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from zoo.probe import Mode, drive
from zoo.responses import Chunks, SizedChunks
from zoo.species import Call, Journal

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory

SIZES = st.integers(-1, 40)
READS = st.one_of(
    st.tuples(st.sampled_from(["read", "readline", "readlines"])),
    st.tuples(st.sampled_from(["read", "readline", "readlines"]), SIZES),
    st.tuples(st.just("next")),
    st.tuples(st.just("iterate")),
)
BODIES = st.binary(max_size=200) | st.text("ab\r\n", max_size=200).map(str.encode)
CAPS = st.integers(0, 64)


class ShortReads(io.RawIOBase):
    """A stream that returns fewer bytes than asked, as PEP 3333 lets a server's do."""

    def __init__(self, body, pieces):
        self._stream = io.BytesIO(body)
        self._pieces = pieces
        self._reads = 0

    def read(self, size=-1):
        self._reads += 1
        piece = self._pieces[self._reads % len(self._pieces)]
        return self._stream.read(piece if size < 0 else min(size, piece))

    def readline(self, size=-1):
        return self._stream.readline(size)

    def __next__(self):
        return next(self._stream)


def perform(stream, reads):
    """Do the ``reads`` and return what each gave."""
    results = []
    for name, *args in reads:
        if name == "next":
            results.append(next(iter(stream), b""))
        elif name == "iterate":
            results.append(list(stream))
        else:
            results.append(getattr(stream, name)(*args))
    return results


def flat(results):
    return b"".join(part if isinstance(part, bytes) else b"".join(part) for part in results)


def post(app, stream, body):
    """Send one request with ``stream`` as its input; read and close the response."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": stream,
    }
    result = app(environ, lambda *args: None)
    list(result)
    if hasattr(result, "close"):
        result.close()


@given(BODIES, st.lists(READS, max_size=12), st.lists(st.integers(1, 30), min_size=1), CAPS)
def test_what_the_app_reads_is_what_came_and_what_is_recorded(body, reads, pieces, cap):
    """Any interleaving of reading styles gives what the bare stream gives, in the same calls;
    the record holds exactly the beginning of what was read.
    """
    seen = []

    def app(environ, start_response):
        seen.append(perform(environ["wsgi.input"], reads))
        start_response("204 No Content", [])
        return []

    memory = Memory()
    post(app, ShortReads(body, pieces), body)
    post(ApiMetricsMiddleware(app, memory, max_body_bytes=cap), ShortReads(body, pieces), body)
    assert seen[0] == seen[1]
    read = flat(seen[0])
    [exchange] = memory.exchanges
    recorded = exchange.request.body
    assert recorded.size == len(body)
    if body and not read:
        assert (recorded.content, recorded.omitted) == (None, "unread")
    else:
        assert recorded.content == read[:cap]
        assert recorded.truncated == (len(recorded.content) < len(body))


MOVES = st.one_of(
    st.tuples(st.just("read"), SIZES),
    st.tuples(st.just("readinto"), st.integers(1, 40)),
    st.tuples(st.just("seek"), st.integers(0, 60)),
    st.tuples(st.just("seek"), st.integers(-9, 9), st.just(1)),
    st.tuples(st.just("seek"), st.integers(-9, 0), st.just(2)),
)


def move(stream, moves):
    """Do the ``moves``; return what each gave, and how far the body was read without a gap."""
    results, covered = [], 0
    for name, *args in moves:
        begin = stream.tell()
        try:
            if name == "readinto":
                buffer = bytearray(args[0])
                data = bytes(buffer[: stream.readinto(buffer)])
            else:
                data = getattr(stream, name)(*args)
        except ValueError as error:  # a seek to before the beginning
            data = type(error)
        results.append(data)
        if isinstance(data, bytes) and begin <= covered:
            covered = max(covered, begin + len(data))
    return results, covered


@given(BODIES, st.lists(MOVES, max_size=12), CAPS)
def test_a_stream_that_seeks_is_recorded_once(body, moves, cap):
    """However the app goes back and forth, the record is the body's beginning, as far as it
    was read without a gap.
    """
    seen = []

    def app(environ, start_response):
        seen.append(move(environ["wsgi.input"], moves))
        start_response("204 No Content", [])
        return []

    memory = Memory()
    post(app, io.BytesIO(body), body)
    post(ApiMetricsMiddleware(app, memory, max_body_bytes=cap), io.BytesIO(body), body)
    assert seen[0] == seen[1]
    covered = seen[0][1]
    recorded = memory.exchanges[0].request.body
    assert (recorded.content or b"") == body[: min(cap, covered)]
    assert (recorded.omitted == "unread") == (covered == 0 < len(body))


def test_a_stream_is_measured_before_it_is_read():
    """An app that seeks to the end for the size, and back, has read nothing yet."""
    body = b"measured"

    def app(environ, start_response):
        stream = environ["wsgi.input"]
        size = stream.seek(0, 2)
        stream.seek(0)
        start_response("200 OK", [])
        return [stream.read(size)]

    memory = Memory()
    post(ApiMetricsMiddleware(app, memory), io.BytesIO(body), body)
    assert memory.exchanges[0].request.body.content == body


SHAPES = {
    "list": lambda journal, chunks: chunks,
    "tuple": lambda journal, chunks: tuple(chunks),
    "generator": lambda journal, chunks: (chunk for chunk in chunks),
    "iterator": Chunks,
    "sized": SizedChunks,
}


@given(
    st.lists(st.binary(max_size=30), max_size=80),
    st.lists(st.binary(max_size=30), max_size=3),
    st.sampled_from(sorted(SHAPES)),
    CAPS,
)
def test_every_chunk_goes_out_as_it_came_in(chunks, writes, shape, cap):
    """Whatever the shape of the iterable and whatever was written before: the server sees the
    same, and the record holds exactly the beginning.
    """

    def build(journal):
        def app(environ, start_response):
            write = start_response("200 OK", [])
            for content in writes:
                write(content)
            journal.returned = SHAPES[shape](journal, chunks)
            return journal.returned

        return app

    bare, wrapped = Journal(), Journal()
    memory = Memory()
    drive(build(bare), Call(), bare, Mode.FULL)
    middleware = ApiMetricsMiddleware(build(wrapped), memory, max_body_bytes=cap)
    drive(middleware, Call(), wrapped, Mode.FULL)
    assert bare.events == wrapped.events
    whole = b"".join([*writes, *chunks])
    [exchange] = memory.exchanges
    recorded = exchange.response.body
    assert recorded.content == whole[:cap]
    assert (recorded.size, recorded.truncated) == (len(whole), len(whole) > cap)
    assert not exchange.aborted


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=40), st.data())
def test_a_client_that_leaves_midway(chunks, data):
    """What was sent until then is recorded, as aborted, and the app is closed once."""
    taken = data.draw(st.integers(0, len(chunks) - 1))
    journal = Journal()
    memory = Memory()

    def app(environ, start_response):
        start_response("200 OK", [])
        return Chunks(journal, chunks)

    environ = {"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    result = ApiMetricsMiddleware(app, memory)(environ, lambda *args: None)
    iterator = iter(result)
    assert [next(iterator) for _ in range(taken)] == chunks[:taken]
    result.close()
    [exchange] = memory.exchanges
    assert exchange.response.body.content == b"".join(chunks[:taken])
    assert exchange.aborted
    assert journal.events == [("close",)]
