"""Every framework behind every server: generated from the lists in :mod:`frameworks.matrix`."""

from __future__ import annotations

import itertools

import pytest
from real_servers.runners import GUNICORN, Server, available
from real_servers.wire import Connection, request
from waiting import until

from frameworks.apps import CHUNKS, FRAMEWORKS, seen
from frameworks.matrix import BEHAVIOURS, PAGE, SERVERS, note, page
from wsgi_apimetrics.redaction.mask import mask

UPLOAD = b"0123456789abcdef" * 6_000
_numbers = itertools.count(1000)


class Pair:
    """One framework behind one running server."""

    def __init__(self, server, framework):
        self.server = server
        self.framework = framework

    def note(self, behaviour):
        """Return what is different here."""
        return note(self.server.kind, self.framework.name, behaviour)

    def ask(self, layer, target, method="GET", body=b"", number=None, **options):
        """Return the answer, and the number that its request had as its query."""
        number = number or str(next(_numbers))
        fields = {"X-Framework": self.framework.name, "X-Layer": layer, "X-User": "ann"}
        message = request(method, f"{target}?{number}", body, *fields.items(), **options)
        with Connection(self.server.port) as connection:
            connection.send(message)
            return connection.answer(method), number

    def recorded(self, number):
        """Return what was recorded of the request with this number."""
        return until(lambda: self.server.ask(f"exchange/{number}"))

    def exchange(self, target, method="GET", body=b"", **options):
        """Send a request to the recorded app and return its answer and its record."""
        answer, number = self.ask("recorded", target, method, body, **options)
        return answer, self.recorded(number)


QUICK = ("wsgiref", "gunicorn-gthread", "waitress")
"""The servers of ``make test-fast``."""


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SERVERS
    ],
)
def server(request, tmp_path_factory):
    """One process of this server, with all frameworks in it."""
    available(request.param)
    log = tmp_path_factory.mktemp(request.param) / "log"
    with Server(request.param, "", log, app="frameworks.served:application") as server:
        yield server


@pytest.fixture
def pair(server, framework):
    return Pair(server, FRAMEWORKS[framework])


def identical(pair):
    for target, method, body in (
        ("/users/42", "GET", b""),
        ("/v1/users/42", "GET", b""),
        ("/users/42", "HEAD", b""),
        ("/stream", "GET", b""),
        ("/fail", "GET", b""),
        ("/nowhere", "GET", b""),
        ("/early", "GET", b""),
        ("/upload", "POST", UPLOAD),
        ("/upload", "POST", b""),
    ):
        bare, recorded = (
            comparable(pair, pair.ask(layer, target, method, body, number="0")[0])
            for layer in ("bare", "recorded")
        )
        assert bare == recorded


def comparable(pair, answer):
    """All of an answer but the Date; Apache joins an app's chunks as they happen to come."""
    if pair.server.kind == "mod_wsgi":
        answer.chunks = [answer.body]
    return answer.comparable()


def route(pair):
    template = pair.framework.template
    assert pair.exchange("/users/42")[1]["route"] == template
    _, mounted = pair.exchange("/v1/users/42")
    assert (mounted["path"], mounted["route"]) == ("/v1/users/42", f"/v1{template}")
    assert pair.exchange("/nowhere")[1]["route"] is None


def parameters(pair):
    assert pair.exchange("/users/42")[1]["params"] == {"user": pair.framework.parameter}


def grouping(pair):
    for target in ("/users/42", "/nowhere", "/stream"):
        _, exchange = pair.exchange(target)
        assert exchange["group"] == mask("ann")
        expected = None if pair.framework.name == "plain" else pair.framework.name
        assert exchange["framework"] == expected


def errors(pair):
    answer, exchange = pair.exchange("/fail")
    assert exchange["errors"] == ["Refused", *["SystemError"] * bool(pair.note("errors"))]
    assert exchange["status"] == 500
    assert answer.status in (500, 0)  # uWSGI closes the connection where nobody answers


def streaming(pair):
    answer, exchange = pair.exchange("/stream")
    whole = b"".join(CHUNKS)
    assert answer.body == whole
    if len(answer.chunks) > 1 and pair.server.kind != "mod_wsgi":
        assert answer.chunks == list(CHUNKS)
    assert exchange["sent"].encode() == whole
    assert not exchange["aborted"]


def uploads(pair):
    answer, exchange = pair.exchange("/upload", "POST", UPLOAD)
    assert answer.body.decode() == seen(UPLOAD)
    assert exchange["received"] == exchange["kept"] == len(UPLOAD)


def chunked(pair):
    options = {"number": "0", "chunk_size": 5_000}
    bare, _ = pair.ask("bare", "/upload", "POST", UPLOAD, **options)
    recorded, _ = pair.ask("recorded", "/upload", "POST", UPLOAD, **options)
    assert comparable(pair, bare) == comparable(pair, recorded)
    if pair.note("chunked"):
        assert bare.body.decode() != seen(UPLOAD)
        return
    answer, exchange = pair.exchange("/upload", "POST", UPLOAD, chunk_size=5_000)
    assert answer.body.decode() == seen(UPLOAD)
    assert exchange["received"] == exchange["kept"] == len(UPLOAD)


QUESTIONS = (identical, route, parameters, grouping, errors, streaming, uploads, chunked)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_a_cell(pair, question):
    """What the matrix says of this framework, this server and this behaviour holds."""
    if (pair.server.kind, question.__name__) == ("wsgiref", "chunked"):
        pytest.skip(pair.note("chunked"))
    question(pair)


def test_early_hints_reach_the_client(server):
    """Where the server has them (gunicorn from 25 on), the app's are sent on, before its answer."""
    pair = Pair(server, FRAMEWORKS["plain"])
    answer, _ = pair.exchange("/early")
    has_them = server.kind.startswith("gunicorn") and GUNICORN >= 25
    assert bool(answer.interim) == has_them


def test_the_page_is_what_the_tests_are_made_of():
    """The page in the documentation is current (``python -m frameworks.matrix`` in tests/)."""
    assert [question.__name__ for question in QUESTIONS] == list(BEHAVIOURS)
    assert PAGE.read_text(encoding="utf-8") == page()
