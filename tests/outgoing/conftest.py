"""A middleware that keeps outgoing calls, and a server to call."""

from __future__ import annotations

import gzip

import pytest
from servers import Answer, http_server
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit
from wsgi_apimetrics.testing import Memory


def answer(got):
    """Answer by the path."""
    if got.target.startswith("/gzip"):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return Answer(200, headers, gzip.compress(b'{"zipped": true}'))
    if got.target == "/redirect":
        return Answer(302, {"Location": "/todos/2"}, b"")
    if got.target == "/chunked":
        return Answer(act=_chunked)
    if got.target == "/cut":
        return Answer(act=_cut)
    if got.target == "/echo":
        return Answer(200, {"Content-Type": "text/plain"}, got.body)
    return Answer(200, {"Content-Type": "application/json", "X-Secret": "s3cret"}, b'{"id": 2}')


def _head(handler, *fields):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    for name, value in fields:
        handler.send_header(name, value)
    handler.end_headers()


def _chunked(handler):
    _head(handler, ("Transfer-Encoding", "chunked"))
    for part in (b"one ", b"two ", b"three"):
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
    handler.wfile.write(b"0\r\n\r\n")


def _cut(handler):
    _head(handler, ("Content-Length", "100"))
    handler.wfile.write(b"only this")
    handler.close_connection = True


@pytest.fixture
def target():
    """A server that answers by the path."""
    with http_server(answer) as server:
        yield server


class Observing:
    """An app that makes the call that a test tells it to, and what was recorded of both."""

    def __init__(self):
        self.memory = Memory(like=APIToolkit(api_key="k"))
        self.middleware = ApiMetricsMiddleware(self.app, self.memory)
        self.work = lambda environ: None

    def app(self, environ, start_response):
        self.work(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]

    def serve(self, work, **headers):
        """Serve one request during which ``work`` is done."""
        self.work = work
        Client(self.middleware).get("/", headers=headers)

    @property
    def calls(self):
        return [one for one in self.memory.exchanges if one.kind == "client"]

    @property
    def incoming(self):
        (one,) = [one for one in self.memory.exchanges if one.kind == "server"]
        return one


@pytest.fixture
def observing():
    return Observing()
