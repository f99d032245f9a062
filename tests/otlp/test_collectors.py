"""OTLP to collectors: a real one in a wheel, and one that answers as told."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sysconfig
import time

import pytest
from components import require
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from servers import Answer, free_port, http_server
from werkzeug.test import Client

from wsgi_apimetrics import OTLP, ApiMetricsMiddleware, APIToolkit, ConfigurationError


def app(environ, start_response):
    environ["wsgi_apimetrics.route"] = "/users/{id}"
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"id": 2}']


def send(backend, requests=1, timeout=10):
    """Send requests through ``backend``; returns its counts when they have gone out."""
    middleware = ApiMetricsMiddleware(app, backend)
    for number in range(requests):
        Client(middleware).get(f"/users/{number}")
    assert middleware.shutdown(timeout)
    (stats,) = middleware.stats().values()
    return stats


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    """Rotel, printing what it receives; yields its URL and a function that reads its output."""
    agent = require("rotel")
    folder = tmp_path_factory.mktemp("rotel")
    http, grpc = free_port(), free_port()
    command = [agent, "start", "--exporter", "blackhole", "--debug-log", "traces"]
    command += ["--debug-log-verbosity", "detailed", "--pid-file", folder / "pid"]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--log-file", folder / "log"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
    library = sysconfig.get_config_var("LIBDIR")
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, "LD_LIBRARY_PATH": library}
        )
    try:
        _wait_for(http, process)
        yield f"http://127.0.0.1:{http}/v1/traces", lambda: (folder / "out").read_text("utf-8")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait_for(port, process):
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, "the collector has ended"
        assert time.monotonic() < deadline, "the collector does not answer"
        time.sleep(0.05)


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_real_collector_takes_and_understands_spans(collector, compression):
    """It prints the name, the attributes and the body of each."""
    url, output = collector
    name = f"shop-{compression}"
    stats = send(OTLP(endpoint=url, service_name=name, compression=compression), requests=3)
    assert stats.delivered == 3
    deadline = time.monotonic() + 10
    while output().count("GET /users/{id}") < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    shown = output()
    assert name in shown
    assert "http.response.status_code" in shown
    assert '{"id": 2}' in shown.replace("\\", "")


def spans_of(server):
    return [
        (resource, span)
        for got in server.got
        for resource in ExportTraceServiceRequest.FromString(got.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_a_batch_is_one_request_with_the_headers_that_were_given():
    """Uncompressed unless asked; the keys of the headers are nobody else's."""
    with http_server(Answer(200, body=b"")) as server:
        stats = send(
            OTLP(endpoint=f"{server.url}/v1/traces", headers={"x-tenant": "t1"}), requests=4
        )
    assert stats.delivered == 4
    assert len(server.got) == 1
    assert len(spans_of(server)) == 4
    headers = {name.lower(): value for name, value in server.got[0].headers.items()}
    assert headers["x-tenant"] == "t1"
    assert headers["content-type"] == "application/x-protobuf"
    assert "content-encoding" not in headers


def test_apitoolkit_over_otlp():
    """To {root_url}/v1/traces with the key as x-api-key, in the span that its server reads."""
    with http_server(Answer(200, body=b"")) as server:
        send(APIToolkit(api_key="k3y", protocol="otlp", root_url=server.url))
    (got,) = server.got
    assert got.target == "/v1/traces"
    assert {name.lower(): value for name, value in got.headers.items()}["x-api-key"] == "k3y"
    ((_, span),) = spans_of(server)
    assert span.name == "monoscope.http"


def test_partial_success_is_counted_and_not_sent_again():
    """200 with rejected spans: they were refused, the rest was delivered."""
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = 1
    response.partial_success.error_message = "too old"
    with http_server(Answer(200, body=response.SerializeToString())) as server:
        stats = send(OTLP(endpoint=server.url), requests=3)
        assert len(server.got) == 1
    assert stats.delivered == 2


def test_an_answer_that_is_no_protobuf_rejects_nothing():
    """Some proxies say OK."""
    with http_server(Answer(200, body=b"OK")) as server:
        assert send(OTLP(endpoint=server.url)).delivered == 1


def test_a_busy_collector_is_asked_again():
    """503 is retried, with the same spans."""
    answers = (Answer(503, {"Retry-After": "0"}), Answer(200, body=b""))
    with http_server(*answers) as server:
        middleware = ApiMetricsMiddleware(app, OTLP(endpoint=server.url, buffer_length=1))
        Client(middleware).get("/users/1")
        first, second = server.wait_for(2)
        middleware.shutdown(5)
    assert first.body == second.body
    assert middleware.stats()["otlp"].delivered == 1


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_debug_shows_the_spans_and_no_key(caplog, compression):
    """As text, at INFO, however they travel."""
    caplog.set_level(logging.INFO, "wsgi_apimetrics.debug")
    with http_server(Answer(200, body=b"")) as server:
        options = {"headers": {"x-key": "s3cret"}, "compression": compression, "debug": True}
        send(OTLP(endpoint=server.url, **options))
    assert "GET /users/{id}" in caplog.text
    assert "HTTP 200" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (OTLP, "endpoint is missing"),
        (APIToolkit, "api_key is missing"),
        (lambda: APIToolkit(protocol="otlp"), "api_key is missing"),
    ],
)
def test_what_is_missing_is_named_when_the_middleware_is_built(make, text):
    """With the environment's variable that may hold it."""
    with pytest.raises(ConfigurationError, match=f"(?s){text}.*WSGI_APIMETRICS_"):
        ApiMetricsMiddleware(app, make())


@pytest.mark.parametrize(
    "wrong",
    [{"api_key": ""}, {"api_key": "k", "protocol": "grpc"}, {"api_key": "k", "root_url": "x"}],
)
def test_a_wrong_option_is_refused_at_once(wrong):
    """An empty key among them."""
    with pytest.raises(ConfigurationError, match="APIToolkit: "):
        APIToolkit(**wrong)


@pytest.mark.parametrize("headers", ["a=b", {"a": 1}, {"": "b"}, {"a": "b\n"}])
def test_headers_are_names_with_texts(headers):
    """And nothing that could end the header."""
    with pytest.raises(ConfigurationError, match="headers must be names with texts"):
        OTLP(endpoint="http://localhost/", headers=headers)


def test_headers_come_from_the_environment_as_pairs(monkeypatch):
    """name=text, name=text."""
    monkeypatch.setenv("WSGI_APIMETRICS_OTLP_HEADERS", "x-a=1, x-b=2=3")
    with http_server(Answer(200, body=b"")) as server:
        send(OTLP(endpoint=server.url))
    headers = {name.lower(): value for name, value in server.got[0].headers.items()}
    assert (headers["x-a"], headers["x-b"]) == ("1", "2=3")


def test_what_is_no_pair_in_the_environment_is_told(monkeypatch):
    """By the variable's name."""
    monkeypatch.setenv("WSGI_APIMETRICS_OTLP_HEADERS", "x-a")
    with pytest.raises(ConfigurationError, match="environment variable WSGI_APIMETRICS_OTLP_HEAD"):
        ApiMetricsMiddleware(lambda *_: [], OTLP(endpoint="http://localhost/"))
