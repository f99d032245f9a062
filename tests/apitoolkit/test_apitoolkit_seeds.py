"""The code blocks of APIToolkit's own page run as they stand, but for the import line."""

from __future__ import annotations

import contextlib

import flask
import httpx
import pytest
import vendor_pages
from apitoolkit_checker import body_of
from servers import Answer, http_server

pytestmark = vendor_pages.at_hand


@pytest.fixture
def blocks(apitoolkit_server):
    """The page's programs, with our import line."""
    page = vendor_pages.text_of("apitoolkit-flask.txt")
    found = vendor_pages.code_blocks(page, "from flask import ")
    ours = "from wsgi_apimetrics.apitoolkit"
    return [block.replace("from apitoolkit_flask", ours) for block in found]


class Loopback(httpx.HTTPTransport):
    """Stands in for the internet: every host is one server on loopback."""

    def __init__(self, port):
        super().__init__()
        self._port = port

    def handle_request(self, request):
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        request.url = url
        return super().handle_request(request)


def run(block, monkeypatch, app=None):
    """Run a program; returns its names. ``app.run`` returns at once."""
    monkeypatch.setattr(flask.Flask, "run", lambda self, **options: None)
    names = {"__name__": "seed"} if app is None else {"__name__": "seed", "app": app}
    exec(compile(block, "seed", "exec"), names)
    return names


def supply_the_subject(app):
    """The page's views take a ``subject`` that its rules do not have: supply it if asked to."""

    @app.url_value_preprocessor
    def subject(endpoint, values):
        if values is not None and "bare" not in flask.request.args:
            values["subject"] = "anything"


def test_the_page_has_four_programs(blocks):
    """Two that set it up, one that calls out, one that reports."""
    assert len(blocks) == 4


@pytest.mark.parametrize("number", [0, 1])
def test_the_set_up_records_requests(blocks, topic, monkeypatch, number):
    """As the page stands its view fails for want of a ``subject``; with one it answers."""
    names = run(blocks[number], monkeypatch)
    supply_the_subject(names["app"])
    client = names["app"].test_client()
    assert client.get("/hello?bare=1", buffered=True).status_code == 500
    headers = {"Authorization": "Bearer s3cret"}
    client.set_cookie("session", "s3cret")
    answer = client.post("/hello", json={"x": 1}, headers=headers, buffered=True)
    assert answer.get_json() == {"Hello": "World"}
    assert names["apitoolkit"].middleware.shutdown(10)
    failed, fine = topic.messages(2)
    assert (failed["status_code"], failed["url_path"]) == (500, "/hello")
    assert [error["error_type"] for error in failed["errors"]] == ["TypeError"]
    assert (fine["status_code"], fine["sdk_type"]) == (200, "PythonFlask")
    assert body_of(fine["request_body"]) == "[not recorded: unread]"  # by the page's view
    assert body_of(fine["response_body"]) == {"Hello": "World"}
    if number:
        assert fine["request_headers"]["Authorization"] == ["[CLIENT_REDACTED]"]
        assert fine["request_headers"]["Cookie"] == ["[CLIENT_REDACTED]"]


@pytest.fixture
def recorded(blocks, monkeypatch):
    """An app with the page's set-up, for the programs that leave it out."""
    names = run(blocks[0].partition("@app.route")[0], monkeypatch)
    supply_the_subject(names["app"])
    yield names["app"], names["apitoolkit"].middleware
    names["apitoolkit"].middleware.shutdown(5)


def test_an_outgoing_call_is_linked(blocks, recorded, topic, monkeypatch):
    """The third program: an asynchronous view that calls out and returns what came."""
    app, middleware = recorded
    run(blocks[2], monkeypatch, app)
    answer = Answer(200, {"Content-Type": "application/json"}, b'{"id": 2}')
    with http_server(answer) as internet, the_internet_at(internet.port, monkeypatch):
        assert app.test_client().get("/sample/", buffered=True).data == b'{"id": 2}'
    assert middleware.flush(10)
    incoming, outgoing = topic.messages(2)
    assert outgoing["sdk_type"] == "PythonOutgoing"
    assert outgoing["parent_id"] == incoming["msg_id"]
    assert outgoing["host"] == "jsonplaceholder.typicode.com"
    assert outgoing["raw_url"] == "/todos/2"
    assert body_of(outgoing["response_body"]) == {"id": 2}


def test_an_error_is_reported_with_its_request(blocks, recorded, topic, monkeypatch):
    """The fourth program: the call fails, the view says so and reports it."""
    app, middleware = recorded
    run(blocks[3], monkeypatch, app)
    with the_internet_at(1, monkeypatch):
        assert app.test_client().get("/sample/", buffered=True).data == b"Something went wrong"
    assert middleware.flush(10)
    incoming, outgoing = topic.messages(2)
    assert [error["error_type"] for error in incoming["errors"]] == ["httpx.ConnectError"]
    assert outgoing["parent_id"] == incoming["msg_id"]
    assert outgoing["status_code"] == 0


@contextlib.contextmanager
def the_internet_at(port, monkeypatch):
    from wsgi_apimetrics.outgoing import httpx_client

    with Loopback(port) as transport:
        monkeypatch.setattr(httpx_client, "_shared_transports", lambda: {"": transport})
        yield
