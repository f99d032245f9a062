"""Who called: the grouping function, what it gets, when it runs, and what it may return."""

from __future__ import annotations

import logging

import flask
import pytest
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request, Response

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.testing import Memory


def app(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [])
    return [b"ok"]


def grouped(function, application=app, **request):
    """Return the middleware and its memory after one request."""
    memory = Memory()
    middleware = ApiMetricsMiddleware(application, memory, grouping_function=function)
    run_wsgi_app(middleware, EnvironBuilder(**request).get_environ())
    return middleware, memory


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"api_key": "key-1234"}, "key-1234"),
        ({"id": "key-1234"}, "key-1234"),
        ({"id": 42}, "42"),
        ({"api_key": "a", "id": "b"}, "a"),
    ],
)
def test_the_key_is_named_api_key_or_id(said, key):
    """The vendor's words; it leaves as the vendor's mask of it."""
    _, memory = grouped(lambda request: {**said, "label": "L", "email": "e@x"})
    [exchange] = memory.exchanges
    assert (exchange.group.id, exchange.group.label, exchange.group.email) == (
        mask(key),
        "L",
        "e@x",
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (None, "no_group"),
        ({}, "grouping_failed"),
        ({"api_key": ""}, "grouping_failed"),
        ({"api_key": None}, "grouping_failed"),
        ({"api_key": ["k"]}, "grouping_failed"),
        ({"api_key": "k", "label": 3}, "grouping_failed"),
        ({"api_key": "k", "email": b"e"}, "grouping_failed"),
        ("key", "grouping_failed"),
    ],
)
def test_what_can_not_be_used_drops_the_exchange_and_is_counted(said, reason, caplog):
    """None says "do not log", silently; anything odd is logged, by field and never by value."""
    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        middleware, memory = grouped(lambda request: said)
    assert memory.exchanges == ()
    assert middleware.stats()["memory"].dropped == {reason: 1}
    assert len(caplog.records) == (0 if said is None else 1)


def test_a_field_that_is_not_sent_is_named_in_a_log_line(caplog):
    """As the vendor's SDK does: the exchange is logged all the same."""
    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        _, memory = grouped(lambda request: {"api_key": "k", "company": "secret corp"})
    assert len(memory.exchanges) == 1
    assert "company" in caplog.text
    assert "secret corp" not in caplog.text


def test_a_grouping_function_that_raises_hurts_nobody(caplog):
    """The client has its answer; the exchange is dropped and counted; the value is not logged."""

    def wrong(request):
        raise KeyError("hunter2")

    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        middleware, _ = grouped(wrong)
    assert middleware.stats()["memory"].dropped == {"grouping_failed": 1}
    assert "KeyError" in caplog.text
    assert "hunter2" not in caplog.text


def test_it_gets_a_werkzeug_request_over_what_was_captured():
    """Where no framework left its own: headers, arguments and the body as far as it was read."""
    seen = []

    def who(request):
        seen.append(
            (type(request), request.args["a"], request.get_data(), request.headers["X-Key"])
        )
        return {"api_key": request.headers["X-Key"]}

    grouped(who, method="POST", path="/?a=1", data=b"body", headers={"X-Key": "k"})
    assert seen == [(Request, "1", b"body", "k")]


def test_it_runs_once_for_every_exchange_even_when_the_app_calls_twice():
    """A second start_response, with exc_info, asks nobody again."""
    calls = []

    def twice(environ, start_response):
        start_response("200 OK", [])
        try:
            raise ValueError
        except ValueError as error:
            start_response("500 Oops", [], (type(error), error, error.__traceback__))
        return [b"x"]

    memory = Memory()
    middleware = ApiMetricsMiddleware(
        twice, memory, grouping_function=lambda request: calls.append(1) or {"api_key": "k"}
    )
    answers = []
    middleware(EnvironBuilder().get_environ(), lambda status, *_: answers.append(status))
    assert calls == [1]
    assert answers == ["200 OK", "500 Oops"]
    [exchange] = memory.exchanges
    assert exchange.response.status_code == 500
    assert [error.type for error in exchange.errors] == ["ValueError"]


def test_it_runs_when_the_app_raises_before_it_has_begun():
    """At the exception, so that errors have a caller too."""

    def broken(environ, start_response):
        raise ZeroDivisionError

    memory = Memory()
    middleware = ApiMetricsMiddleware(
        broken, memory, grouping_function=lambda request: {"api_key": "k"}
    )
    with pytest.raises(ZeroDivisionError):
        run_wsgi_app(middleware, EnvironBuilder().get_environ())
    [exchange] = memory.exchanges
    assert exchange.group.id == mask("k")
    assert exchange.response.status_code == 500


def test_flask_s_own_request_and_g_are_there():
    """Flask's context is live inside start_response, so the user of the request is known."""
    application = flask.Flask(__name__)

    @application.route("/<name>")
    def greet(name):
        flask.g.user = f"user-{name}"
        return "hello"

    memory = Memory()
    application.wsgi_app = ApiMetricsMiddleware(
        application.wsgi_app,
        memory,
        grouping_function=lambda request: {
            "api_key": flask.g.user,
            "label": request.url_rule.rule,
        },
    )
    application.test_client().get("/ann")
    [exchange] = memory.exchanges
    assert exchange.group.id == mask("user-ann")
    assert exchange.group.label == exchange.route == "/<name>"


def test_each_backend_may_have_its_own_and_none_touches_another():
    """What one says of the caller is not told to the other."""
    first = Memory(grouping_function=lambda request: {"api_key": "first"})
    second = Memory(grouping_function=lambda request: None)
    third = Memory()
    middleware = ApiMetricsMiddleware(app, first, second, third)
    run_wsgi_app(middleware, EnvironBuilder().get_environ())
    assert first.exchanges[0].group.id == mask("first")
    assert second.exchanges == ()
    assert third.exchanges[0].group is None


def test_the_app_itself_may_say_who_called():
    """environ["wsgi_apimetrics.group"] wins over the function, also when it comes late."""

    def late(environ, start_response):
        start_response("200 OK", [])
        environ["wsgi_apimetrics.group"] = {"api_key": "late"}
        yield b"x"

    _, memory = grouped(lambda request: {"api_key": "early"}, late)
    assert memory.exchanges[0].group.id == mask("late")


def test_a_request_that_is_not_logged_is_answered_all_the_same():
    """The function decides about the log, never about the response."""
    client = Client(ApiMetricsMiddleware(app, Memory(), grouping_function=lambda r: None), Response)
    assert client.get("/").data == b"ok"


def test_fields_of_ever_new_names_are_one_cause(caplog):
    """A dict by caller is no reason for a log line per request, nor for memory."""
    middleware = ApiMetricsMiddleware(
        app, Memory(), grouping_function=lambda request: {"api_key": "k", request.path: 1}
    )
    for number in range(9):
        run_wsgi_app(middleware, EnvironBuilder(path=f"/{number}").get_environ())
    assert caplog.text.count("fields that are not sent") == 1


def test_no_group_from_the_app_asks_nobody_twice():
    """``None`` in the environ says nothing; the function has said it all."""
    asked = []

    def silent(environ, start_response):
        environ["wsgi_apimetrics.group"] = None
        return app(environ, start_response)

    def function(request):
        asked.append(request)
        return {"api_key": "k"}

    _, memory = grouped(function, silent)
    assert len(asked) == len(memory.exchanges) == 1
