"""A header that a backend adds to responses, such as the address of the request's log."""

from __future__ import annotations

import dataclasses
import sys

from werkzeug.test import EnvironBuilder

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory


class Linking(Memory):
    """Asks for a header with the exchange's id, and for none where ``silent``."""

    silent = False

    def parts(self, shared, environment):
        """Return the memory's parts with a header."""
        parts = super().parts(shared, environment)
        return dataclasses.replace(parts, response_header=self.header)

    def header(self, exchange_id):
        """Return the link of an exchange."""
        return None if self.silent else ("x-log", f"/logs/{exchange_id}")


def started(memory, app, **options):
    """Return the calls of start_response that reach the server."""
    calls = []
    middleware = ApiMetricsMiddleware(app, memory, **options)
    list(middleware(EnvironBuilder().get_environ(), lambda *args: calls.append(args)))
    return calls


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def test_the_header_comes_behind_the_app_s_own():
    """The client gets it, and the record says so."""
    memory = Linking()
    [(status, headers)] = started(memory, app)
    [exchange] = memory.exchanges
    assert status == "200 OK"
    assert headers == [("Content-Type", "text/plain"), ("x-log", f"/logs/{exchange.id}")]
    assert exchange.response.headers == tuple(headers)


def test_a_backend_that_has_none_yet_changes_nothing():
    """Its answer may come later; no request waits for it."""
    memory = Linking()
    memory.silent = True
    assert started(memory, app) == [("200 OK", [("Content-Type", "text/plain")])]


def test_an_error_s_information_goes_on_beside_the_header():
    """PEP 3333: the server needs it to tell whether headers are out already."""

    def failing(environ, start_response):
        try:
            raise KeyError("a")
        except KeyError:
            start_response("500 Oh", [], sys.exc_info())
        return [b"ok"]

    memory = Linking()
    [(status, headers, information)] = started(memory, failing)
    assert (status, [name for name, _ in headers], information[0]) == (
        "500 Oh",
        ["x-log"],
        KeyError,
    )
    [exchange] = memory.exchanges
    assert [error.type for error in exchange.errors] == ["KeyError"]


def test_a_header_and_a_grouping_function_go_together():
    """Both are asked as the response begins."""
    memory = Linking()
    [(_, headers)] = started(memory, app, grouping_function=lambda request: {"api_key": "k"})
    assert headers[-1][0] == "x-log"
    [exchange] = memory.exchanges
    assert exchange.group is not None


def test_a_response_that_is_not_sampled_has_no_header():
    """What is sent whatever the sampling says has one: errors are told by their status."""

    def failing(environ, start_response):
        start_response("503 Busy", [])
        return [b""]

    memory = Linking(sample_rate=0.0, keep_errors=True)
    assert started(memory, app) == [("200 OK", [("Content-Type", "text/plain")])]
    [(status, headers)] = started(memory, failing)
    assert (status, [name for name, _ in headers]) == ("503 Busy", ["x-log"])
