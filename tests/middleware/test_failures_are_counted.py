"""What fails inside the capture costs a record, never the request, and is in the statistics."""

from __future__ import annotations

import logging

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def test_a_request_that_cannot_be_captured_is_answered_and_counted(caplog):
    """An environ without what PEP 3333 requires: the app's business, and a drop with a reason."""
    middleware = ApiMetricsMiddleware(app, Memory())
    environ = EnvironBuilder().get_environ()
    del environ["wsgi.input"]
    assert middleware(environ, lambda *args: None) == [b"ok"]
    assert middleware.stats()["memory"].dropped == {"capture_failed": 1}
    assert caplog.text.count("capture failed in begin: KeyError") == 1


def test_a_backend_that_fails_to_choose_does_not_touch_another():
    """The exchange is counted for the one, and delivered by the other."""
    other = Memory()
    middleware = ApiMetricsMiddleware(app, Memory(name="choosy"), other)
    middleware.recorder.lanes[0]._selection = None  # nothing that a user gives does this
    run_wsgi_app(middleware, EnvironBuilder().get_environ())
    assert middleware.stats()["choosy"].dropped == {"capture_failed": 1}
    assert len(other.exchanges) == 1


@pytest.mark.parametrize("status", [200, b"200 OK", None])
def test_a_status_that_is_no_text_is_the_servers_to_refuse(status, caplog):
    """It reaches the server as it came; the record says 500, as a server would."""
    caplog.set_level(logging.WARNING)
    came = []

    def odd(environ, start_response):
        start_response(status, [])
        return [b"x"]

    memory = Memory()
    middleware = ApiMetricsMiddleware(odd, memory, sample_rates={"2xx": 0.5})
    middleware(EnvironBuilder().get_environ(), lambda *args: came.append(args))
    assert came == [(status, [])]
    assert [exchange.response.status_code for exchange in memory.exchanges] == [500]
    assert not caplog.text


def test_headers_that_are_no_pairs_are_the_servers_to_refuse(caplog):
    """They reach the server as they came; the exchange is recorded without them."""
    came, headers = [], [("X-Triple", "a", "b")]

    def odd(environ, start_response):
        start_response("200 OK", headers)
        return [b"x"]

    memory = Memory()
    ApiMetricsMiddleware(odd, memory)(
        EnvironBuilder().get_environ(), lambda *args: came.append(args)
    )
    assert came == [("200 OK", headers)]
    assert [exchange.response.headers for exchange in memory.exchanges] == [()]
    assert caplog.text.count("capture failed in start_response: TypeError") == 1
