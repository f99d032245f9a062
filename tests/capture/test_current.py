"""Which exchange is the current one, whatever order responses are closed in."""

from __future__ import annotations

from werkzeug.test import EnvironBuilder

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.current import current
from wsgi_apimetrics.testing import Memory


def stream(environ, start_response):
    start_response("200 OK", [])
    yield b"x"


def opened(middleware):
    """Return the response of a new request, not closed."""
    return middleware(EnvironBuilder().get_environ(), lambda *_: None)


def test_responses_that_cross_leave_nothing_behind():
    """The first is closed while the second is open: the second gives the place to nobody."""
    middleware = ApiMetricsMiddleware(stream, Memory())
    first, second = opened(middleware), opened(middleware)
    first.close()
    assert current.get() is not None
    second.close()
    assert current.get() is None


def test_a_request_within_a_request_gives_the_place_back():
    """An app that calls another through us is the current one again afterwards."""
    middleware = ApiMetricsMiddleware(stream, Memory())
    outer = opened(middleware)
    before = current.get()
    opened(middleware).close()
    assert current.get() is before
    outer.close()
    assert current.get() is None
