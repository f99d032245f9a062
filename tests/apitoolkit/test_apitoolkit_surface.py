"""The vendor's own names: what they record, and that they are never in the way."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path

import flask
import pytest
from google_stand_ins import API_KEY, APIToolkitAndGoogle
from latency import assert_no_slower, in_turns
from servers import Answer, http_server
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics import APIToolkit as Backend
from wsgi_apimetrics.apitoolkit import APIToolkit
from wsgi_apimetrics.testing import capture_exchanges


def an_app(apitoolkit):
    app = flask.Flask(__name__)
    app.before_request(apitoolkit.beforeRequest)
    app.after_request(apitoolkit.afterRequest)

    @app.route("/stream")
    def stream():
        return flask.Response(flask.stream_with_context(iter(["one ", "two"])))

    @app.route("/file")
    def file():
        return flask.send_file(__file__)

    @app.route("/echo/<name>", methods=["POST"])
    def echo(name):
        return flask.request.get_data()

    @app.route("/fail")
    def fail():
        raise KeyError("x")

    return app


@pytest.fixture
def recorded(monkeypatch):
    """An app with the vendor's functions, and what is recorded of it."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    apitoolkit = APIToolkit(api_key="k")
    with capture_exchanges(apitoolkit.middleware) as captured:
        yield an_app(apitoolkit), captured


def test_a_streamed_response_stays_one(recorded):
    """Chunk by chunk, as the view yields it; recorded when it is closed."""
    app, captured = recorded
    with app.test_client().get("/stream") as response:
        assert list(response.iter_encoded()) == [b"one ", b"two"]
        assert len(captured) == 0
    (exchange,) = captured
    assert exchange.response.body.content == b"one two"
    assert (exchange.route, exchange.framework) == ("/stream", "flask")


def test_bodies_and_routes_are_recorded(recorded):
    """As by the middleware itself."""
    app, captured = recorded
    answer = app.test_client().post("/echo/ann", data=b"hello", buffered=True)
    assert answer.data == b"hello"
    (exchange,) = captured
    assert exchange.request.body.content == exchange.response.body.content == b"hello"
    assert exchange.route == "/echo/<name>"


def test_a_file_is_sent_whole(recorded):
    """Flask passes it to the server as it is."""
    app, captured = recorded
    assert app.test_client().get("/file", buffered=True).data == Path(__file__).read_bytes()
    assert captured[0].response.status_code == 200


@pytest.mark.parametrize("propagate", [False, True])
def test_an_exception_is_recorded_once(recorded, propagate):
    """Whether Flask answers it with a 500 or lets it out: then no function of ours is called."""
    app, captured = recorded
    app.config["PROPAGATE_EXCEPTIONS"] = propagate
    client = app.test_client()
    if propagate:
        with pytest.raises(KeyError):
            client.get("/fail")
    else:
        assert client.get("/fail", buffered=True).status_code == 500
    (exchange,) = captured
    assert exchange.response.status_code == 500
    assert [error.type for error in exchange.errors] == ["KeyError"]


def test_an_empty_key_is_one_warning_and_nothing_else(caplog):
    """As in the page's programs; the app runs as without us."""
    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        apitoolkit = APIToolkit(api_key="", debug=True)
        client = an_app(apitoolkit).test_client()
        assert client.get("/stream", buffered=True).data == b"one two"
        assert client.get("/stream", buffered=True).data == b"one two"
    (line,) = caplog.messages
    assert "WSGI_APIMETRICS_APITOOLKIT_API_KEY" in line


@pytest.mark.slow
@pytest.mark.parametrize("part", ["client_metadata", ":publish"])
def test_a_backend_that_hangs_costs_the_app_nothing(part, monkeypatch):
    """The vendor's package waits for each publish; here p50 and p99 are a healthy topic's."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"x"]

    def wrapped(server):
        monkeypatch.setattr("wsgi_apimetrics.transport.pubsub.PUBSUB", server.url)
        backend = Backend(
            api_key=API_KEY, root_url=server.url, timeout=15, flush_interval_seconds=0.01
        )
        middleware = ApiMetricsMiddleware(app, backend)
        Client(middleware).get("/")
        assert server.wait_for(1 if hanging and part == "client_metadata" else 2)
        return middleware

    hangs = Answer(act=lambda handler: servers["hanging"].stopping.wait(60))
    google = APIToolkitAndGoogle()
    with ExitStack() as stack:
        servers, made = {}, {}
        for name in ("healthy", "again", "hanging"):
            hanging = name == "hanging"
            answer = (
                (lambda got: hangs if part in got.target else google(got)) if hanging else google
            )
            servers[name] = stack.enter_context(http_server(answer))
            made[name] = wrapped(servers[name])
        spells = in_turns(made, rounds=7, seconds=0.3)
        hanging_stats = made["hanging"].stats()["apitoolkit"]
        assert (hanging_stats.delivered, hanging_stats.queue_depth > 500) == (0, True)
        servers["hanging"].stopping.set()
        for middleware in made.values():
            middleware.shutdown(1)
    assert_no_slower(spells["hanging"], spells["healthy"] + spells["again"])


def test_what_is_not_captured_is_answered_as_ever(recorded):
    """A preflight request, by the vendor's functions too."""
    app, captured = recorded
    answer = app.test_client().options("/stream", buffered=True)
    assert (answer.status_code, len(captured)) == (200, 0)


def test_an_app_may_hand_its_errors_over(recorded):
    """The vendor's ``handle_error``, in an error handler of the app."""
    app, captured = recorded

    @app.errorhandler(KeyError)
    def answer(error):
        APIToolkit.handle_error(None, error)
        return "sorry", 503

    assert app.test_client().get("/fail", buffered=True).status_code == 503
    assert [error.type for error in captured[0].errors] == ["KeyError"]


def test_without_after_request_the_request_is_recorded_when_it_is_over(monkeypatch):
    """What the app answered is not known then."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    apitoolkit = APIToolkit(api_key="k")
    app = flask.Flask(__name__)
    app.before_request(apitoolkit.beforeRequest)
    app.add_url_rule("/", "home", lambda: "hello")
    with capture_exchanges(apitoolkit.middleware) as captured:
        assert app.test_client().get("/", buffered=True).data == b"hello"
    (exchange,) = captured
    assert (exchange.request.path, exchange.aborted, exchange.errors) == ("/", True, ())


def test_a_stream_that_cannot_be_closed_is_none_that_must_be(recorded):
    """A view may return any iterable; Flask closes those that can be."""
    app, captured = recorded
    app.add_url_rule("/count", "count", lambda: flask.Response(map(str, range(3))))
    assert app.test_client().get("/count", buffered=True).data == b"012"
    assert captured[0].response.body.content == b"012"
