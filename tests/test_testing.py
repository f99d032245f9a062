"""``wsgi_apimetrics.testing``: users assert what would be sent, without network or waiting."""

from __future__ import annotations

import doctest
import json

import flask
import pytest
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError, ReadMe, testing
from wsgi_apimetrics.payload import Outcome
from wsgi_apimetrics.testing import Memory, MemoryTransport, capture_exchanges


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]


def test_an_exchange_is_there_when_its_response_is_closed():
    """Delivery is on the request's thread: nothing to wait for."""
    with capture_exchanges(hello) as captured:
        Client(captured.app).get("/a?b=1")
        assert [exchange.request.target for exchange in captured] == ["/a?b=1"]
        Client(captured.app).get("/c")
    assert [exchange.request.path for exchange in captured] == ["/a", "/c"]
    assert captured[-1].response.body.content == b"Hello"
    assert len(captured) == 2


@pytest.mark.parametrize("chunks", [["Hello"], iter(["Hello"])], ids=["whole", "streamed"])
def test_a_response_that_is_left_open_is_not_there_yet(chunks):
    """Flask's client closes none by itself: ``buffered=True`` or ``with`` does."""
    app = flask.Flask("app")
    app.add_url_rule("/", "home", lambda: flask.Response(chunks))
    app.wsgi_app = ApiMetricsMiddleware(app.wsgi_app, Memory())
    client = app.test_client()
    with capture_exchanges(app) as captured:
        response = client.get("/")
        assert len(captured) == 0
        response.close()
        assert len(captured) == 1
        with client.get("/"):
            assert len(captured) == 1
        client.get("/", buffered=True)
        assert len(captured) == 3


def test_options_are_the_middlewares():
    """What is given to ``capture_exchanges`` steers what is captured."""
    with capture_exchanges(hello, exclude_paths=["/health"]) as captured:
        for path in ("/health", "/wealth"):
            Client(captured.app).get(path)
    assert [exchange.request.path for exchange in captured] == ["/wealth"]


def test_what_would_be_sent_is_redacted():
    """The text of the payloads holds no credential."""
    with capture_exchanges(hello) as captured:
        Client(captured.app).get("/", headers={"Authorization": "Bearer hunter2", "X-Seen": "ok"})
    assert "hunter2" not in captured.text
    assert "ok" in captured.text


def test_the_text_holds_bodies_in_the_clear():
    """Also what a wire format puts into base64: else a search for a secret would find nothing."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return [b"\x00\xffhunter2"]

    wrapped = ApiMetricsMiddleware(app, ReadMe(api_key="k", grouping_function=caller))
    with capture_exchanges(wrapped) as captured:
        Client(wrapped).get("/")
    assert b"hunter2" not in captured.payloads[0].content
    assert "hunter2" in captured.text
    assert "hunter2" in captured.backends["readme"].text


def caller(request):
    return {"api_key": "customer", "label": "Customer"}


def test_what_readme_would_be_sent():
    """A ReadMe backend in a wrapped app, or as ``like``: its wire format, no network."""
    wrapped = ApiMetricsMiddleware(hello, ReadMe(api_key="k", grouping_function=caller))
    memory = Memory(like=ReadMe(api_key="k", grouping_function=caller))
    with capture_exchanges(wrapped) as captured:
        Client(wrapped).get("/pets")
    Client(ApiMetricsMiddleware(hello, memory)).get("/pets")
    for payload in (*captured.payloads, *memory.payloads):
        [log] = json.loads(payload.content)
        assert log["request"]["log"]["entries"][0]["request"]["url"].endswith("/pets")
        assert log["group"]["label"] == "Customer"
    assert len(captured.payloads) == len(memory.payloads) == 1


def test_nothing_goes_to_the_spool_of_the_real_backend(tmp_path):
    """A test's exchanges must not lie where a real process would send them from."""
    spool = tmp_path / "spool"
    wrapped = ApiMetricsMiddleware(
        hello, ReadMe(api_key="k", grouping_function=caller, spool_dir=str(spool))
    )
    with capture_exchanges(wrapped) as captured:
        Client(wrapped).get("/")
    assert len(captured) == 1
    assert not spool.exists()


class Inner:
    """Other middleware between the test's client and ours."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


def test_an_app_that_is_wrapped_already_keeps_its_own_options():
    """Its backends are diverted, whatever stands outside of the middleware, and put back."""
    own = Memory(denylist=["X-Secret"])
    app = Inner(ApiMetricsMiddleware(hello, own))
    with capture_exchanges(app) as captured:
        Client(app).get("/", headers={"X-Secret": "hunter2"})
    Client(app).get("/later")
    assert "hunter2" not in captured.text
    assert [exchange.request.path for exchange in captured] == ["/"]
    assert [exchange.request.path for exchange in own.exchanges] == ["/later"]


def test_every_backend_of_a_wrapped_app_is_there_by_name():
    """Each keeps what it would be sent; an exchange counts once."""
    app = ApiMetricsMiddleware(hello, Memory(), Memory(name="second"))
    with capture_exchanges(app) as captured:
        Client(captured.app).get("/")
    assert len(captured) == 1
    assert len(captured.payloads) == 2
    assert {name: len(one.exchanges) for name, one in captured.backends.items()} == {
        "memory": 1,
        "second": 1,
    }


def test_a_wrapped_app_takes_no_options():
    """They would be silently without effect."""
    app = ApiMetricsMiddleware(hello, Memory())
    with pytest.raises(ConfigurationError, match="denylist"), capture_exchanges(app, denylist=[]):
        pass


def test_the_backends_are_put_back_when_the_test_fails():
    """An exception within the block is the test's own and leaves nothing diverted."""
    own = Memory()
    app = ApiMetricsMiddleware(hello, own)
    with pytest.raises(ZeroDivisionError), capture_exchanges(app):
        raise ZeroDivisionError
    Client(app).get("/")
    assert len(own.exchanges) == 1


def test_a_backend_that_is_down():
    """A transport that answers errors shows what happens then."""
    memory = Memory(transport=MemoryTransport(afterwards=Outcome(status_code=401)))
    app = ApiMetricsMiddleware(hello, memory)
    assert Client(app).get("/").data == b"Hello"
    assert memory.exchanges == ()
    assert app.stats()["memory"].delivered == 0


def test_batches_are_seen_as_they_go_out():
    """``buffer_length`` may be set to see how exchanges are gathered."""
    memory = Memory(buffer_length=2, background_worker_mode=True)
    app = ApiMetricsMiddleware(hello, memory)
    for _ in range(4):
        Client(app).get("/")
    assert app.shutdown()
    assert len(memory.exchanges) == 4
    assert sum(len(payload) for payload in memory.payloads) == 4


def test_the_example_in_the_docstring_runs():
    """The documentation's example is true."""
    assert doctest.testmod(testing).failed == 0
