"""A hundred threads, and a gigabyte: nothing mixed, nothing piled up."""

from __future__ import annotations

import io
import threading
import tracemalloc

import pytest

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory

THREADS = 100
ROUNDS = 5
MIB = 1024 * 1024
CHUNK = b"." * (64 * 1024)
GIGABYTE = 1024 * MIB


def send(app, path, stream, length):
    """Send one request; read and close the response; return how many bytes came."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(length),
        "wsgi.input": stream,
    }
    result = app(environ, lambda *args: None)
    try:
        return sum(len(chunk) for chunk in result)
    finally:
        result.close()


def test_a_hundred_threads_do_not_mix_their_exchanges():
    """Path, both bodies and a response header of every exchange belong to one request."""
    together = threading.Barrier(THREADS)

    def app(environ, start_response):
        name = environ["PATH_INFO"].encode()
        content = environ["wsgi.input"].read()
        start_response("200 OK", [("X-Name", environ["PATH_INFO"])])
        together.wait(30)  # all are in the app at once
        for _ in range(3):
            yield content + name

    memory = Memory()
    middleware = ApiMetricsMiddleware(app, memory)

    def client(number):
        for turn in range(ROUNDS):
            path = f"/{number}/{turn}"
            send(middleware, path, io.BytesIO(path.encode()), len(path))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    exchanges = memory.exchanges
    assert len({exchange.id for exchange in exchanges}) == THREADS * ROUNDS == len(exchanges)
    for exchange in exchanges:
        path = exchange.request.path
        assert exchange.request.body.content == path.encode()
        assert exchange.response.body.content == path.encode() * 6
        assert ("X-Name", path) in exchange.response.headers
    paths = {exchange.request.path for exchange in exchanges}
    assert len(paths) == THREADS * ROUNDS


class Endless(io.RawIOBase):
    """A body of ``size`` bytes that is nowhere in memory."""

    def __init__(self, size):
        self.left = size

    def read(self, size=-1):
        assert 0 < size <= len(CHUNK)
        size = min(size, self.left)
        self.left -= size
        return CHUNK[:size]


@pytest.mark.parametrize("direction", ["upload", "download"])
def test_a_gigabyte_costs_no_more_than_the_cap(direction):
    """The size is counted, the beginning kept, and memory stays flat."""

    def upload(environ, start_response):
        while environ["wsgi.input"].read(len(CHUNK)):
            pass
        start_response("200 OK", [])
        yield b"done"

    def download(environ, start_response):
        start_response("200 OK", [])
        for _ in range(GIGABYTE // len(CHUNK)):
            yield bytes(CHUNK[:-1]) + b"!"  # a new object each time

    app, length = (upload, GIGABYTE) if direction == "upload" else (download, 0)
    memory = Memory()
    middleware = ApiMetricsMiddleware(app, memory)
    send(ApiMetricsMiddleware(upload, Memory()), "/warm", Endless(1), 1)
    tracemalloc.start()
    try:
        sent = send(middleware, "/", Endless(length), length)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    [exchange] = memory.exchanges
    body = exchange.request.body if direction == "upload" else exchange.response.body
    assert (body.size, len(body.content), body.truncated) == (GIGABYTE, 256 * 1024, True)
    assert sent == (4 if direction == "upload" else GIGABYTE)
    assert peak < 4 * MIB
