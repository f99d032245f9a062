"""Clients that upload in chunks, wait for 100, pipeline, or leave."""

from __future__ import annotations

import pytest
from waiting import until
from zoo.apps import LOREM

from real_servers.runners import GUNICORN
from real_servers.wire import Connection, request


def both(pair, converse):
    """Return what ``converse(connection)`` saw of the bare server and of the wrapped one."""
    seen = []
    for server in pair:
        with Connection(server.port) as connection:
            seen.append(converse(connection))
    return seen


@pytest.mark.parametrize(
    "name", ["echo-read-exact", "echo-partial", "echo-unread", "echo-read-sized"]
)
@pytest.mark.parametrize("chunk_size", [1, 9, 1000])
def test_chunked_uploads(pair, name, chunk_size):
    """A body without a declared length is read by the app as far as the server lets it."""
    if pair[0].kind == "wsgiref" and name != "echo-unread":
        pytest.skip("wsgiref hands the app the raw socket, which waits for more")

    def converse(connection):
        message = request("POST", f"/zoo/{name}", LOREM, chunk_size=chunk_size)
        connection.send(message)
        return connection.answer("POST")

    bare, wrapped = both(pair, converse)
    assert bare.comparable() == wrapped.comparable()


@pytest.mark.parametrize("name", ["echo-read-exact", "echo-unread"])
def test_expect_100_continue(pair, name):
    """The server says 100 exactly when it does for the bare app: nothing is read ahead of it."""
    kind = pair[0].kind
    abrupt = kind in ("gunicorn-gevent", "werkzeug-reloader")
    if name == "echo-unread" and (abrupt or (kind.startswith("gunicorn") and GUNICORN < 26)):
        pytest.skip("it resets or keeps the connection where nobody reads, bare too")

    def converse(connection):
        head = request("POST", f"/zoo/{name}", LOREM, ("Expect", "100-continue"))
        connection.send(head[: -len(LOREM)])
        connection.socket.settimeout(1)
        try:
            first = connection.socket.recv(4096)
        except TimeoutError:
            first = b""
        connection.socket.settimeout(5)
        if b"100" in first or not first:
            connection.send(LOREM)
        rest = b"".join(iter(lambda: connection.socket.recv(4096), b""))
        status_line, _, _ = (first + rest).partition(b"\r\n")
        return status_line, (first + rest).rpartition(b"\r\n\r\n")[2]

    bare, wrapped = both(pair, converse)
    assert bare == wrapped


def test_pipelined_requests_on_one_connection(pair):
    """Two requests sent at once get their answers in order, as from the bare app; of gunicorn
    before 27 only the first does.
    """
    if pair[0].kind not in ("gunicorn-gthread", "waitress"):
        pytest.skip("it closes the connection after each response")

    def converse(connection):
        connection.send(request("GET", "/zoo/png", keep=True) + request("GET", "/zoo/generator"))
        return [connection.answer().comparable(), connection.answer().comparable()]

    bare, wrapped = both(pair, converse)
    assert bare == wrapped
    second = pair[0].kind == "waitress" or GUNICORN >= 27
    assert [complete for _, _, _, complete, *_ in wrapped] == [True, second]


def test_a_client_that_leaves(pair):
    """The app is closed exactly once, and the exchange is recorded as aborted, with what was
    taken until then.
    """
    wrapped = pair[1]
    before = [one.ask("journal")["endless"].count("close") for one in pair]
    known = len(wrapped.exchanges("/zoo/endless", 0))
    for server in pair:
        connection = Connection(server.port)
        connection.send(request("GET", "/zoo/endless"))
        assert connection.socket.recv(100)
        connection.reset()
    for server, count in zip(pair, before, strict=True):
        until(lambda: server.ask("journal")["endless"].count("close") > count)  # noqa: B023
        assert server.ask("journal")["endless"].count("close") == count + 1
    recorded = wrapped.exchanges("/zoo/endless", known + 1)[known:]
    assert len(recorded) == 1
    assert recorded[0]["aborted"]
    assert recorded[0]["size"] > 0


def test_files_are_sent_by_the_servers_own_way(pair):
    """Sendfile is used for the wrapped app exactly as for the bare one."""
    if pair[0].kind in ("cheroot", "werkzeug-reloader", "mod_wsgi"):
        pytest.skip("it has no file wrapper, or what Apache does with it is not seen from here")
    for server in pair:
        before = sent_by_itself(server)
        with Connection(server.port) as connection:
            connection.send(request("GET", "/zoo/file-wrapper-no-length"))
            answer = connection.answer()
        assert answer.body
        if server.kind == "waitress":  # which learns the length only if it knows its own buffer
            assert answer.get(b"Content-Length") == str(len(answer.body)).encode()
        elif server.kind != "wsgiref":
            until(lambda: sent_by_itself(server) == before + 1)  # noqa: B023


def sent_by_itself(server):
    """How many files the server has sent by the system's call."""
    if server.kind == "uwsgi":
        return server.output.count("via sendfile()")
    return server.ask("journal")["calls"].get("sendfile", 0)
