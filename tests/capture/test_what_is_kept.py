"""Nothing of a request outlives it, and a stream that is not recorded is not touched."""

from __future__ import annotations

import gc
import io
import sys
import threading
import time
import weakref

import pytest

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory, capture_exchanges


class Tracked:
    """Something that a weak reference can point at."""


class TrackedError(Exception):
    """An error of the app."""


def environ_of(**more):
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "HTTP_HOST": "shop.example",
        "CONTENT_TYPE": "text/plain; charset=utf-8",
        "wsgi.input": io.BytesIO(b"body"),
        **more,
    }


def call(app, environ):
    """Send one request as a server does."""
    result = app(environ, lambda *args: None)
    try:
        return b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()


@pytest.mark.parametrize("shape", [list, iter])
def test_no_reference_to_the_environ_outlives_the_request(shape):
    """While the exchange still waits to be sent, everything in the environ is free to go."""
    tracked = Tracked()
    reference = weakref.ref(tracked)

    def app(environ, start_response):
        environ["wsgi.input"].read()
        environ["app.session"] = Tracked()
        start_response("200 OK", [])
        return shape([b"ok"])

    waiting = Memory(background_worker_mode=True, buffer_length=1000, flush_interval_seconds=60)
    middleware = ApiMetricsMiddleware(app, waiting)
    environ = environ_of(**{"server.socket": tracked})
    call(middleware, environ)
    stream = weakref.ref(environ.pop("wsgi.input"))
    del tracked, environ
    gc.collect(1)
    assert reference() is None
    assert stream() is None
    assert waiting.exchanges == ()
    assert middleware.shutdown()
    assert len(waiting.exchanges) == 1


def test_no_exception_is_kept():
    """Of an error that the app raised or reported by exc_info, only text stays."""
    references = []

    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            raise TrackedError("reported")
        except TrackedError as error:
            references.append(weakref.ref(error))
            start_response("500 Sorry", [], sys.exc_info())
        error = TrackedError("raised")
        references.append(weakref.ref(error))
        raise error

    with capture_exchanges(app) as captured:
        with pytest.raises(TrackedError):
            call(captured.app, environ_of())
        gc.collect()
        assert [error.message for error in captured[0].errors] == ["reported", "raised"]
    assert [reference() for reference in references] == [None, None]


UNTOUCHED = {
    "request bodies left out": ({"capture_request_body": False}, {}),
    "this type left out": ({"exclude_content_types": ["text/*"]}, {}),
    "switched off": ({"enabled": False}, {}),
    "this path excluded": ({"exclude_paths": ["/"]}, {}),
    "another host": ({"allowed_http_hosts": ["api.example"]}, {}),
    "OPTIONS": ({}, {"REQUEST_METHOD": "OPTIONS"}),
    "CONNECT": ({}, {"REQUEST_METHOD": "CONNECT"}),
    "upgrade": ({}, {"HTTP_CONNECTION": "keep-alive, Upgrade", "HTTP_UPGRADE": "websocket"}),
    "websocket": ({}, {"wsgi.websocket": object()}),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_a_stream_that_is_not_recorded_is_the_servers_own(case):
    """The app then gets the very object that the server put there."""
    options, more = UNTOUCHED[case]
    seen = []

    def app(environ, start_response):
        seen.append(environ["wsgi.input"])
        start_response("200 OK", [])
        return [b""]

    environ = environ_of(**more)
    stream = environ["wsgi.input"]
    call(ApiMetricsMiddleware(app, Memory(), **options), environ)
    assert seen == [stream]
    assert stream.tell() == 0


def test_the_duration_covers_the_stream():
    """The clock stops after the last byte, not when the app returns."""
    begun = threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        begun.wait(0.05)
        yield b"last"

    with capture_exchanges(app) as captured:
        started = time.perf_counter()
        call(captured.app, environ_of())
        took = time.perf_counter() - started
    timings = captured[0].timings
    assert 0.04 < timings.receive <= timings.total <= took


def test_odd_values_in_one_environ_do_not_cost_the_next_one_its_texts():
    """A header or length that is once no text is missed once."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    with capture_exchanges(app) as captured:
        call(captured.app, environ_of(CONTENT_LENGTH=4, HTTP_X_NAME=None))
        call(captured.app, environ_of(CONTENT_LENGTH="4", HTTP_X_NAME="there"))
    assert ("X-Name", "there") in captured[1].request.headers
    assert ("Content-Length", "4") in captured[1].request.headers
    assert [exchange.request.body.content for exchange in captured] == [b"body", b"body"]


def test_a_file_result_that_is_closed_late_or_never_is_recorded_once():
    """Its exchange ends at its first close, or when it is gone."""
    from wsgiref.util import FileWrapper

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"abc"))

    environ = {"wsgi.file_wrapper": FileWrapper}
    with capture_exchanges(app) as captured:
        result = captured.app(environ_of(**environ), lambda *args: None)
        assert len(captured) == 0
        result.close()
        first = captured[0]
        result.close()
        del result
        gc.collect()
        assert captured.exchanges == (first,)
        captured.app(environ_of(**environ), lambda *args: None)
        gc.collect()
        assert len(captured) == 2
    assert [(one.response.body.omitted, one.response.body.size) for one in captured] == [
        ("sendfile", 3)
    ] * 2


class Slotted:
    """A file result that takes no attribute, with or without ``close``."""

    __slots__ = ("_file", "closed")

    def __init__(self):
        self._file = io.BytesIO(b"abc")
        self.closed = 0

    def read(self, size=-1):
        return self._file.read(size)

    def __iter__(self):
        return iter([self.read()])


class Closable(Slotted):
    """Counts how often it is closed."""

    __slots__ = ()

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("kind", [Slotted, Closable])
def test_a_file_result_whose_end_cannot_be_seen_ends_at_once(kind):
    """It reaches the server as it is, for the server may look for this very object."""
    sent = kind()

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return sent

    with capture_exchanges(app) as captured:
        environ = environ_of(**{"wsgi.file_wrapper": lambda file: file})
        assert captured.app(environ, lambda *args: None) is sent
        [exchange] = captured
    assert (exchange.response.body.omitted, exchange.aborted) == ("sendfile", False)
    assert sent.closed == 0


def test_a_response_that_is_closed_twice_is_one_exchange():
    """And the app's iterable is closed once: PEP 3333, "upon completion of the request"."""

    class Chunks(Closable):
        __slots__ = ()
        read = None

    chunks = Chunks()

    def app(environ, start_response):
        start_response("200 OK", [])
        return chunks

    with capture_exchanges(app) as captured:
        result = captured.app(environ_of(), lambda *args: None)
        result.close()
        result.close()
        assert len(captured) == 1
    assert chunks.closed == 1


def test_a_capture_that_is_finished_twice_is_one_exchange():
    """For those who begin and finish it themselves, in hooks of a framework."""
    memory = Memory()
    capture = ApiMetricsMiddleware(lambda *_: [], memory).begin(environ_of(), lambda *_: None)
    capture.finish()
    capture.finish()
    assert len(memory.exchanges) == 1


def test_a_start_response_after_the_end_is_the_servers_to_refuse():
    """It gets there as it came; the exchange is over, and its caller is not asked for again."""
    kept, came, asked = [], [], []

    def app(environ, start_response):
        kept.append(start_response)
        start_response("200 OK", [])
        return [b"ok"]

    def who(request):
        asked.append(request.path)
        return {"api_key": "k"}

    memory = Memory()
    middleware = ApiMetricsMiddleware(app, memory, grouping_function=who)
    middleware(environ_of(), lambda *args: came.append(args))
    kept[0]("500 Too Late", [("X-Late", "1")])
    assert came == [("200 OK", []), ("500 Too Late", [("X-Late", "1")])]
    assert asked == ["/"]
    assert len(memory.exchanges) == 1
