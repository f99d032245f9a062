"""The public environ keys, by which any app or layer below says what it knows."""

from __future__ import annotations

import pytest
from werkzeug.test import Client, EnvironBuilder

from wsgi_apimetrics.errors import error_record
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.testing import capture_exchanges


def leaving(status="200 OK", **keys):
    """Return an app that leaves these values under the keys of ours."""

    def app(environ, start_response):
        environ.update({f"wsgi_apimetrics.{name}": value for name, value in keys.items()})
        start_response(status, [("Content-Type", "text/plain")])
        return [b"ok"]

    return app


def visited(app):
    """Return the exchanges of one request."""
    with capture_exchanges(app) as captured:
        assert Client(captured.app).get("/users/7").data == b"ok"
    return list(captured)


def test_route_parameters_and_group():
    """They are the exchange's; the caller's key is masked."""
    [exchange] = visited(
        leaving(
            route="/users/{id}", path_params={"id": 7}, group={"api_key": "ann", "label": "Ann"}
        )
    )
    assert (exchange.route, dict(exchange.path_params)) == ("/users/{id}", {"id": 7})
    assert (exchange.group.id, exchange.group.label) == (mask("ann"), "Ann")


def test_not_found_has_no_route():
    """Whatever was left: the endpoint that a 404 is of does not exist."""
    [exchange] = visited(leaving("404 Not Found", route="/users/{id}"))
    assert exchange.route is None


@pytest.mark.parametrize(("skip", "count"), [(True, 0), (False, 1)])
def test_skip(skip, count):
    """A true value leaves the exchange out."""
    assert len(visited(leaving(skip=skip))) == count


@pytest.mark.parametrize(
    "errors",
    [
        [ValueError("a"), LookupError("b")],
        iter([ValueError("a"), error_record(LookupError("b"), 0)]),
        [ValueError("a"), "no exception", LookupError("b")],
    ],
    ids=["exceptions", "records", "one that is wrong"],
)
def test_errors(errors):
    """Each exception is reported; what is none takes none with it, nor the route."""
    [exchange] = visited(leaving(errors=errors, route="/users/{id}"))
    assert [error.type for error in exchange.errors] == ["ValueError", "LookupError"]
    assert exchange.route == "/users/{id}"


def test_a_single_error():
    """One exception need not be in a list."""
    [exchange] = visited(leaving(errors=ValueError("a")))
    assert [error.message for error in exchange.errors] == ["a"]


@pytest.mark.parametrize("errors", [7, "no exception", [None]])
def test_what_is_no_error_is_told(errors, caplog):
    """The exchange is recorded without; one log line says that something was wrong."""

    def late_route(environ, start_response):
        def chunks():
            yield b"ok"
            environ["wsgi_apimetrics.route"] = "/late"

        leaving(errors=errors)(environ, start_response)
        return chunks()

    [exchange] = visited(late_route)
    assert (exchange.errors, exchange.route) == ((), "/late")
    assert caplog.text.count("capture failed in the end: TypeError") == 1


def test_none_of_them_is_there_unless_an_app_sets_it():
    """Only what is ours is put into the environ before the app runs."""
    seen = []

    def app(environ, start_response):
        seen.extend(key for key in environ if key not in before)
        return leaving()(environ, start_response)

    before = set(EnvironBuilder("/users/7").get_environ())
    visited(app)
    public = {"route", "path_params", "group", "errors", "skip"}
    assert not {f"wsgi_apimetrics.{name}" for name in public} & set(seen)
    assert "wsgi_apimetrics.id" in seen
