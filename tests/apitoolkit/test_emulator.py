"""The whole way, to a real topic: middleware, worker, REST, and Google's client at the end."""

from __future__ import annotations

import logging
import time

import flask
from apitoolkit_checker import body_of
from google_stand_ins import API_KEY, PROJECT
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit, report_error
from wsgi_apimetrics.outgoing import observed_pool_manager


def an_app():
    app = flask.Flask(__name__)

    @app.route("/users/<int:number>", methods=["POST"])
    def user(number):
        report_error(flask.request, ValueError("reported"))
        return {"number": number, "sent": flask.request.get_json()}

    @app.route("/stream")
    def stream():
        return flask.Response(iter(["one ", "two"]), mimetype="text/plain")

    @app.route("/fail")
    def fail():
        raise KeyError("secret-free")

    return app


def wrapped(app, **options):
    app.wsgi_app = ApiMetricsMiddleware(app.wsgi_app, APIToolkit(**options))
    return app.wsgi_app


def test_a_request_arrives_whole(topic, apitoolkit_server):
    """Every field as the server reads it, within the second that "real time" is."""
    app = an_app()
    middleware = wrapped(app, service_version="3.0.0", tags=["prod", "eu"])
    with app.test_client().post(
        "/users/42?page=1&page=2", json={"name": "Ada"}, headers={"Referer": "http://here/"}
    ) as answer:
        assert answer.status_code == 200
    (message,) = topic.messages(1)
    assert message["project_id"] == PROJECT
    assert message["sdk_type"] == "PythonFlask"
    assert message["url_path"] == "/users/<int:number>"
    assert message["path_params"] == {"number": "42"}
    assert message["query_params"] == {"page": ["1", "2"]}
    assert message["raw_url"] == "/users/42?page=1&page=2"
    assert message["referer"] == "http://here/"
    assert (message["service_version"], message["tags"]) == ("3.0.0", ["prod", "eu"])
    assert (message["status_code"], message["method"]) == (200, "POST")
    assert body_of(message["request_body"]) == {"name": "Ada"}
    assert body_of(message["response_body"]) == {"number": 42, "sent": {"name": "Ada"}}
    (error,) = message["errors"]
    assert (error["error_type"], error["message"]) == ("ValueError", "reported")
    assert middleware.shutdown(10)


def test_text_survives_and_what_flask_handles_is_reported(topic, apitoolkit_server):
    """A streamed text is a JSON string; Flask's 500 carries the exception, once."""
    app = an_app()
    middleware = wrapped(app)
    client = app.test_client()
    assert client.get("/stream", buffered=True).data == b"one two"
    assert client.get("/fail", buffered=True).status_code == 500
    assert client.get("/nowhere", buffered=True).status_code == 404
    assert middleware.flush(10)
    streamed, failed, missing = topic.messages(3)
    assert body_of(streamed["response_body"]) == "one two"
    assert [error["error_type"] for error in failed["errors"]] == ["KeyError"]
    assert failed["url_path"] == "/fail"
    assert missing["url_path"] is None
    middleware.shutdown(5)


def test_outgoing_calls_arrive_linked(topic, apitoolkit_server):
    """An observed call during a request: its parent is the request's message."""

    def app(environ, start_response):
        with observed_pool_manager() as http:
            http.request("GET", f"{apitoolkit_server.url}/api/client_metadata")
        start_response("200 OK", [])
        return []

    middleware = ApiMetricsMiddleware(app, APIToolkit())
    Client(middleware).get("/")
    assert middleware.flush(10)
    incoming, outgoing = topic.messages(2)
    assert (incoming["sdk_type"], outgoing["sdk_type"]) == ("SDKUnknown", "PythonOutgoing")
    assert outgoing["parent_id"] == incoming["msg_id"]
    assert outgoing["status_code"] == 401
    middleware.shutdown(5)


def test_a_deleted_topic_loses_nothing(topic, apitoolkit_server, caplog):
    """One clear line; when the topic is there again, all arrives, without a restart."""
    app = an_app()
    options = {"flush_interval_seconds": 0.05}
    middleware = wrapped(app, **options)
    client = app.test_client()
    client.get("/stream", buffered=True)
    topic.messages(1)
    topic.delete()
    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        client.get("/stream", buffered=True)
        client.get("/stream", buffered=True)
        deadline = time.monotonic() + 10
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.02)
    assert topic.path in caplog.text
    assert "kept" in caplog.text
    assert API_KEY not in caplog.text
    topic.create()
    stats = middleware.stats()["apitoolkit"]
    assert stats.queue_depth + stats.delivered == 3
    assert stats.dropped == {}


def test_debug_logs_what_is_sent_and_what_comes_back(topic, apitoolkit_server, caplog):
    """At INFO, redacted, and without the key."""
    app = an_app()
    with caplog.at_level(logging.INFO, "wsgi_apimetrics.debug"):
        middleware = wrapped(app, debug=True)
        app.test_client().get("/stream", headers={"Cookie": "session=hunter2"}, buffered=True)
        assert middleware.shutdown(10)
    assert '"raw_url":"/stream"' in caplog.text
    assert "HTTP 200" in caplog.text
    assert "hunter2" not in caplog.text
    assert API_KEY not in caplog.text
