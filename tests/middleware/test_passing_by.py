"""Requests that are not captured go to the app as they came, their stream untouched."""

from __future__ import annotations

import io
import logging

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory


class App:
    """Remembers the environ that it was called with."""

    def __init__(self):
        self.environ = None

    def __call__(self, environ, start_response):
        self.environ = environ
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]


def called(path="/", app=None, environ=(), method="POST", **options):
    """Return the app, the memory and the input stream after one request."""
    app, memory, stream = app or App(), Memory(), io.BytesIO(b"body")
    middleware = ApiMetricsMiddleware(app, memory, **options)
    request = EnvironBuilder(path=path, method=method).get_environ()
    request.update({"wsgi.input": stream, "CONTENT_LENGTH": "4", **dict(environ)})
    run_wsgi_app(middleware, request)
    return app, memory, stream


@pytest.mark.parametrize(
    "case",
    [
        {"method": "OPTIONS"},
        {"method": "CONNECT"},
        {"environ": {"HTTP_UPGRADE": "websocket"}},
        {"environ": {"wsgi.websocket": b"a socket"}},
        {"allowed_http_hosts": ["other.example"]},
        {"exclude_paths": ["/health*", "/"]},
        {"path": "/static/a/b.css", "exclude_paths": ["/static/*"]},
        {"enabled": False},
    ],
    ids=str,
)
def test_the_environ_is_the_server_s_own(case):
    """Neither the stream nor a key of the environ is touched, and nothing is recorded."""
    app, memory, stream = called(**case)
    assert app.environ["wsgi.input"] is stream
    assert not [key for key in app.environ if key.startswith("wsgi_apimetrics")]
    assert memory.exchanges == ()


@pytest.mark.parametrize(
    "allowed", ["localhost", "LOCALHOST", "localhost:80", "other.example,localhost"]
)
def test_hosts_compare_without_case_and_without_port_unless_one_is_given(allowed):
    """The vendor's allowed_http_hosts, for a request to localhost on port 80."""
    _, memory, _ = called(allowed_http_hosts=allowed.split(","))
    assert len(memory.exchanges) == 1


@pytest.mark.parametrize("allowed", ["localhost:81", "local", "ocalhost"])
def test_another_port_or_a_part_of_the_name_is_another_host(allowed):
    """A port that is given must be the request's."""
    _, memory, _ = called(allowed_http_hosts=[allowed])
    assert memory.exchanges == ()


@pytest.mark.parametrize(("trusted", "recorded"), [(0, 0), (1, 1)])
def test_behind_a_trusted_proxy_the_host_is_the_client_s(trusted, recorded):
    """The proxy asks by a name of its own; the option names the one that clients use."""
    _, memory, _ = called(
        environ={"HTTP_HOST": "backend:8000", "HTTP_X_FORWARDED_HOST": "api.example.com"},
        allowed_http_hosts=["api.example.com"],
        trusted_proxies=trusted,
    )
    assert len(memory.exchanges) == recorded


def test_a_path_that_is_not_ascii_is_excluded_as_it_is_written():
    """An environ's path is bytes read as latin-1; nobody writes a glob so."""
    _, memory, _ = called(path="/größe/日本", exclude_paths=["/größe/*"])
    assert memory.exchanges == ()


def test_a_backend_s_own_hosts_do_not_touch_another():
    """Each backend gets what it allows."""
    near, far = Memory(allowed_http_hosts=["localhost"]), Memory(allowed_http_hosts=["far.example"])
    middleware = ApiMetricsMiddleware(App(), near, far)
    run_wsgi_app(middleware, EnvironBuilder().get_environ())
    assert (len(near.exchanges), len(far.exchanges)) == (1, 0)


def test_a_body_that_is_left_out_leaves_the_stream_alone():
    """By side: the request's stream is the server's own, the response's bytes are not kept."""
    app, memory, stream = called(capture_request_body=False, capture_response_body=False)
    [exchange] = memory.exchanges
    assert app.environ["wsgi.input"] is stream
    assert (exchange.request.body.omitted, exchange.request.body.size) == ("policy", 4)
    assert (exchange.response.body.omitted, exchange.response.body.size) == ("policy", 2)


def test_a_content_type_that_is_left_out_is_left_out_on_both_sides():
    """Globs of media types, without case and parameters."""
    app, memory, stream = called(
        environ={"CONTENT_TYPE": "Text/Plain; charset=utf-8"}, exclude_content_types=["text/*"]
    )
    [exchange] = memory.exchanges
    assert app.environ["wsgi.input"] is stream
    assert exchange.request.body.omitted == exchange.response.body.omitted == "policy"


def test_a_backend_without_hosts_gets_what_another_leaves_out():
    """What is captured is what any of them wants; each keeps to its own."""
    near, every = Memory(allowed_http_hosts=["far.example"]), Memory(name="every")
    middleware = ApiMetricsMiddleware(App(), near, every)
    run_wsgi_app(middleware, EnvironBuilder().get_environ())
    run_wsgi_app(middleware, EnvironBuilder(base_url="http://far.example/").get_environ())
    assert [one.request.host for one in near.exchanges] == ["far.example"]
    assert [one.request.host for one in every.exchanges] == ["localhost", "far.example"]


def test_an_app_that_is_wrapped_twice_is_recorded_once(caplog):
    """By the outer one; the inner one says so, once."""
    inner, outer = Memory(), Memory()
    twice = ApiMetricsMiddleware(ApiMetricsMiddleware(App(), inner), outer)
    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        for _ in range(3):
            run_wsgi_app(twice, EnvironBuilder().get_environ())
    assert (len(inner.exchanges), len(outer.exchanges)) == (0, 3)
    assert [record.message for record in caplog.records] == [
        "middleware: the app is wrapped twice: the inner ApiMetricsMiddleware records nothing"
    ]


def test_an_exchange_that_the_app_skips_is_discarded_and_counted():
    """environ["wsgi_apimetrics.skip"], whenever the app sets it."""

    def app(environ, start_response):
        environ["wsgi_apimetrics.skip"] = True
        start_response("200 OK", [])
        return []

    memory = Memory()
    middleware = ApiMetricsMiddleware(app, memory)
    run_wsgi_app(middleware, EnvironBuilder().get_environ())
    assert memory.exchanges == ()
    assert middleware.stats()["memory"].dropped == {"skipped": 1}


def test_the_exchange_s_id_is_in_the_environ():
    """For the app's own log lines."""
    app, memory, _ = called()
    [exchange] = memory.exchanges
    assert app.environ["wsgi_apimetrics.id"] == exchange.id
