"""What ``init_app`` adds to a Flask app."""

from __future__ import annotations

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError, report_error
from wsgi_apimetrics.integrations.flask import ApiMetrics
from wsgi_apimetrics.testing import Memory, capture_exchanges


class Odd(Exception):
    """An app's own exception."""


def shop(name="shop"):
    app = flask.Flask(name)
    app.add_url_rule("/users/<int:user>", "user", lambda user: {"id": user})

    @app.get("/odd")
    def odd():
        raise Odd("raised")

    @app.get("/fail")
    def fail():
        raise ValueError("raised")

    @app.get("/gone")
    def gone():
        flask.abort(410)

    @app.errorhandler(Odd)
    def answer(error):
        return "odd", 503

    return app


def types(exchange):
    return [error.type.rpartition(".")[2] for error in exchange.errors]


def visit(app, *targets):
    """Return the exchanges of these requests."""
    with capture_exchanges(app) as captured:
        for target in targets:
            app.test_client().get(target, buffered=True)
    return list(captured)


def test_it_returns_the_app_and_keeps_its_state_there():
    """The factory pattern: nothing of an app is on the extension, one serves several apps."""
    metrics = ApiMetrics(buffer_length=3)
    first, second = shop("first"), shop("second")
    assert metrics.init_app(first) is first
    assert metrics.init_app(second) is second
    assert isinstance(first.extensions["wsgi_apimetrics"], ApiMetricsMiddleware)
    assert first.extensions["wsgi_apimetrics"] is first.wsgi_app
    assert first.extensions["wsgi_apimetrics"] is not second.extensions["wsgi_apimetrics"]
    [exchange] = visit(second, "/users/1")
    assert exchange.route == "/users/<int:user>"


def test_an_app_is_wrapped_once():
    """A second time is a mistake that is told at once."""
    app = ApiMetrics().init_app(shop())
    with pytest.raises(ConfigurationError, match="is wrapped already"):
        ApiMetrics().init_app(app)


def test_options_from_the_apps_config():
    """``app.config["WSGI_APIMETRICS"]`` is as an ini file is; what the code gives wins."""
    app = shop()
    app.config["WSGI_APIMETRICS"] = {
        "backends": "readme",
        "readme.api_key": "k",
        "denylist": "password, token",
        "buffer_length": 2,
    }
    ApiMetrics(buffer_length=7).init_app(app)
    [lane] = app.wsgi_app.recorder.lanes
    assert lane.parts.redaction.denylist == ("password", "token")
    assert lane.parts.delivery.buffer_length == 7


def test_a_mistake_names_the_app():
    """The message says whose options are wrong."""
    with pytest.raises(ConfigurationError, match=r"ApiMetrics of <Flask 'shop'>.*'bufer_length'"):
        ApiMetrics(bufer_length=1).init_app(shop())


def test_exceptions_are_reported_once_whoever_answers_them():
    """By the app's error handler or by Flask; an HTTP exception is no error but a response."""
    app = ApiMetrics().init_app(shop())
    odd, fail, gone = visit(app, "/odd", "/fail", "/gone")
    assert (types(odd), odd.response.status_code) == (["Odd"], 503)
    assert (types(fail), fail.response.status_code) == (["ValueError"], 500)
    assert (types(gone), gone.response.status_code) == ([], 410)


def test_handled_exceptions_can_be_left_to_the_app():
    """``report_handled=False`` reports only what nobody handles."""
    app = ApiMetrics(report_handled=False).init_app(shop())
    odd, fail = visit(app, "/odd", "/fail")
    assert (types(odd), types(fail)) == ([], ["ValueError"])


def test_a_propagated_exception_keeps_its_route():
    """In debug mode the exception leaves Flask, and its request is gone before it does."""
    app = shop()
    app.testing = True
    ApiMetrics().init_app(app)
    with capture_exchanges(app) as captured, pytest.raises(ValueError, match="raised"):
        app.test_client().get("/fail")
    [exchange] = captured
    assert (exchange.route, types(exchange), exchange.framework) == (
        "/fail",
        ["ValueError"],
        "flask",
    )


def test_an_error_handler_that_fails_is_reported_with_what_it_failed_on():
    """The new exception is the error, the first one its root."""
    app = shop()

    @app.errorhandler(ValueError)
    def worse(error):
        raise KeyError("worse") from error

    ApiMetrics().init_app(app)
    [exchange] = visit(app, "/fail")
    [error] = exchange.errors
    assert (error.type, error.root_type) == ("KeyError", "ValueError")


def test_the_grouping_function_has_the_live_context():
    """``flask.g``, the session and the current app are there, whatever the view did."""
    app = shop()
    app.secret_key = "of no importance"

    @app.before_request
    def sign_in():
        flask.g.user = "ann"
        flask.session["plan"] = "gold"

    def who(request):
        assert request is flask.request._get_current_object()
        return {
            "api_key": flask.g.user,
            "label": f"{flask.session['plan']} {flask.current_app.name}",
        }

    ApiMetrics(grouping_function=who).init_app(app)
    for exchange in visit(app, "/users/1", "/fail", "/nowhere"):
        assert exchange.group.label == "gold shop"


def test_two_apps_below_a_dispatcher():
    """Each records its own requests, with its prefix."""
    front, api = Memory(), Memory()
    served = DispatcherMiddleware(
        ApiMetrics(front).init_app(shop("front")), {"/api": ApiMetrics(api).init_app(shop("api"))}
    )
    client = Client(served)
    client.get("/users/1", buffered=True)
    client.get("/api/users/2", buffered=True)
    assert [one.route for one in front.exchanges] == ["/users/<int:user>"]
    assert [one.route for one in api.exchanges] == ["/api/users/<int:user>"]


def test_a_streamed_response_with_context():
    """The stream passes as it is made, the route and the caller are known."""
    app = shop()

    @app.get("/lines/<name>")
    def lines(name):
        return flask.stream_with_context(f"{flask.request.path} {n}\n" for n in range(3))

    ApiMetrics(grouping_function=lambda request: {"id": request.view_args["name"]}).init_app(app)
    [exchange] = visit(app, "/lines/x")
    assert exchange.response.body.content == b"/lines/x 0\n/lines/x 1\n/lines/x 2\n"
    assert exchange.route == "/lines/<name>"
    assert exchange.group is not None


def test_flask_does_not_keep_an_app_alive_by_its_signals():
    """An app that is let go of (one per test, in a suite) is collected."""
    import gc
    import weakref

    app = ApiMetrics().init_app(shop())
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_an_exception_that_the_view_has_reported_is_one_error():
    """Reported, raised again and answered by Flask with a 500."""
    app = shop()

    @app.get("/reported")
    def reported():
        try:
            raise ValueError("once")
        except ValueError as error:
            report_error(error)
            raise

    with capture_exchanges(app) as captured:
        answer = Client(captured.app).get("/reported", buffered=True)
        assert answer.status_code == 500
    assert [error.message for error in captured[0].errors] == ["once"]
