"""The ReadMe backend: its options, what arrives at a server, and the link back."""

from __future__ import annotations

import base64
import json
import logging

import pytest
from har_schema import check_log
from hypothesis import given
from hypothesis import strategies as st
from servers import Answer, http_server
from werkzeug.test import Client, EnvironBuilder

from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError, ReadMe
from wsgi_apimetrics.backends.readme import DASHBOARD, SERVER
from wsgi_apimetrics.backends.readme_links import (
    HEADER,
    KNOWN_SECONDS,
    RETRY_SECONDS,
    DocumentationLinks,
)
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.testing import Memory, capture_exchanges

KEY = "rdme_xn8s9hf3ntverysecret"
BASIC = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()


def app(environ, start_response):
    """Answer with what was posted."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body or b"{}"]


def who(_request):
    return {"api_key": "customer-key-1234", "label": "Ada", "email": "ada@example.com"}


@pytest.fixture
def wrapped():
    """Wrap ``app`` with a ReadMe backend; shut down after the test."""
    made = []

    def wrap(server, **options):
        options = {"grouping_function": who, "server": server, "api_key": KEY} | options
        made.append(ApiMetricsMiddleware(app, ReadMe(**options)))
        return made[-1]

    yield wrap
    for middleware in made:
        middleware.shutdown(5)


def logs_at(server):
    """Return the logs that came, each shown to be valid."""
    logs = [log for got in server.got if got.method == "POST" for log in json.loads(got.body)]
    for log in logs:
        check_log(log)
    return logs


def test_an_exchange_arrives_whole(wrapped):
    """Through the middleware, over real HTTP: the vendor's endpoint, key and format."""
    with http_server() as server:
        middleware = wrapped(server.url + "/")
        Client(middleware).post("/users?a=1", json={"name": "Ada"})
        assert middleware.flush(10)
        (log,) = logs_at(server)
        (got,) = server.got
    assert (got.method, got.target) == ("POST", "/v1/request")
    assert got.headers["Authorization"] == BASIC
    assert got.headers["User-Agent"].startswith("wsgi-apimetrics/")
    assert got.headers["Content-Type"] == "application/json"
    assert log["group"] == {
        "id": mask("customer-key-1234"),
        "label": "Ada",
        "email": "ada@example.com",
    }
    (entry,) = log["request"]["log"]["entries"]
    assert json.loads(entry["request"]["postData"]["text"]) == {"name": "Ada"}
    assert entry["response"]["content"]["text"] == entry["request"]["postData"]["text"]
    assert log["development"] is False


def test_development_mode_reaches_the_log(wrapped):
    """The option of the vendor's name does what it says there."""
    with http_server() as server:
        middleware = wrapped(server.url, development_mode=True)
        Client(middleware).get("/")
        assert middleware.flush(10)
        assert [log["development"] for log in logs_at(server)] == [True]


def test_a_payload_carries_thirty_logs_at_most(wrapped):
    """The most that the vendor's own packages send at once, whatever buffer_length says."""
    with http_server() as server:
        middleware = wrapped(server.url, buffer_length=40)
        for _ in range(40):
            Client(middleware).get("/")
        assert middleware.flush(10)
        assert len(logs_at(server)) == 40
        assert max(len(json.loads(got.body)) for got in server.got) <= 30


# -- options ------------------------------------------------------------------------------


def test_a_missing_key_is_told_with_its_mend():
    """The error names the argument and the environment variable."""
    with pytest.raises(ConfigurationError) as caught:
        ApiMetricsMiddleware(app, ReadMe())
    assert str(caught.value) == (
        "ReadMe: api_key is missing: give ReadMe(api_key=...) or set the environment variable "
        "WSGI_APIMETRICS_README_API_KEY"
    )


@pytest.mark.parametrize("key", ["", "  ", 5, b"key"])
def test_a_wrong_key_is_refused_and_not_shown(key):
    """An empty key, or one that is no text, is a configuration error without the key."""
    with pytest.raises(ConfigurationError, match="api_key must be a text that is not empty"):
        ReadMe(api_key=key)


def test_the_key_is_not_shown(wrapped, caplog):
    """Not in a repr, not in a log line, not in the statistics, even if the server echoes it."""
    caplog.set_level(logging.DEBUG)
    with http_server(Answer(401, body=f"bad key {KEY} in {BASIC}".encode())) as server:
        middleware = wrapped(server.url)
        Client(middleware).get("/")
        middleware.flush(0.5)
        server.wait_for(1)
        middleware.shutdown(0.1)
        told = "".join((repr(ReadMe(api_key=KEY)), repr(middleware.stats()), caplog.text))
    assert "HTTP 401" in told
    assert KEY not in told
    assert BASIC.partition(" ")[2] not in told


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ({}, {}, f"{SERVER}/v1/request"),
        ({}, {"README_METRICS_SERVER": "http://m:1/x/"}, "http://m:1/x/v1/request"),
        ({}, {"README_METRICS_SERVER": " "}, f"{SERVER}/v1/request"),
        (
            {},
            {"README_METRICS_SERVER": "http://m", "WSGI_APIMETRICS_README_SERVER": "http://own"},
            "http://own/v1/request",
        ),
        (
            {"server": "http://given"},
            {"README_METRICS_SERVER": "http://m", "WSGI_APIMETRICS_README_SERVER": "http://own"},
            "http://given/v1/request",
        ),
        ({"request_url": "https://x/request"}, {}, "https://x/request"),
    ],
)
def test_where_logs_go(given, environment, expected):
    """The option, our environment variable, the vendor's, the vendor's server: in this order."""
    transport = ReadMe(api_key=KEY, **given).parts({}, environment).open_transport()
    url = getattr(transport, "_transport", transport)._url
    assert url == expected


@pytest.mark.parametrize(
    ("given", "environment", "text"),
    [
        ({"server": "metrics.readme.io"}, {}, "ReadMe: server must be an http or https URL"),
        ({"base_log_url": "docs"}, {}, "ReadMe: base_log_url must be an http or https URL"),
        ({"base_log_url": "https://d\r\nX: 1"}, {}, "white space and control characters"),
        (
            {},
            {"README_METRICS_SERVER": "readme"},
            "environment variable README_METRICS_SERVER must be an http or https URL",
        ),
        ({"sever": "http://x"}, {}, "did you mean 'server'?"),
    ],
)
def test_a_wrong_url_is_told_when_the_middleware_is_built(given, environment, text):
    """Each names the option or the variable, and what is accepted."""
    with pytest.raises(ConfigurationError) as caught:
        ReadMe(api_key=KEY, **given).parts({}, environment)
    assert text in str(caught.value)


# -- the link back ------------------------------------------------------------------------


def test_a_response_links_to_its_log(wrapped):
    """With base_log_url the very first response names the id that its log carries."""
    with http_server() as server:
        middleware = wrapped(server.url, base_log_url="https://docs.example.com/")
        response = Client(middleware).get("/")
        assert middleware.flush(10)
        (log,) = logs_at(server)
        assert [got.method for got in server.got] == ["POST"]
    assert response.headers[HEADER] == f"https://docs.example.com/logs/{log['_id']}"


def test_the_base_is_looked_up_behind_the_first_logs(wrapped):
    """No header before the base is known, then one on every response; asked for once."""

    def answer(got):
        body = json.dumps({"name": "x", "baseUrl": "https://acme.readme.io/"})
        return Answer(200, body=body.encode()) if got.method == "GET" else Answer()

    with http_server(answer) as server:
        middleware = wrapped(server.url, project_url=f"{server.url}/api/v1/")
        client = Client(middleware)
        assert HEADER not in client.get("/").headers
        assert middleware.flush(10)
        server.wait_for(2)
        assert middleware.flush(10)
        second = client.get("/")
        assert middleware.flush(10)
        first_log, second_log = logs_at(server)
        (asked,) = [got for got in server.got if got.method == "GET"]
    assert first_log["_id"] != second_log["_id"]
    assert second.headers[HEADER] == f"https://acme.readme.io/logs/{second_log['_id']}"
    assert (asked.target, asked.headers["Authorization"]) == ("/api/v1/", BASIC)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401),
        Answer(200, body=b"not JSON"),
        Answer(200, body=b"[]"),
        Answer(200, body=b'{"baseUrl": null}'),
        Answer(200, body=b'{"baseUrl": "javascript:alert(1)"}'),
        Answer(200, body=b'{"baseUrl": "https://x/\\r\\nSet-Cookie: a=1"}'),
        Answer(302, {"Location": "http://127.0.0.1:1/"}),
    ],
)
def test_a_failed_look_up_costs_nothing_but_the_link(wrapped, answer):
    """Whatever the dashboard says: logs arrive, responses go without the header."""
    with http_server(lambda got: answer if got.method == "GET" else Answer()) as server:
        middleware = wrapped(server.url, project_url=server.url)
        client = Client(middleware)
        for _ in range(2):
            assert HEADER not in client.get("/").headers
            assert middleware.flush(10)
        assert len(logs_at(server)) == 2
        assert [got.method for got in server.got].count("GET") == 1


def test_a_request_never_waits_for_the_look_up(wrapped):
    """Where the request's own thread sends, nothing is looked up."""
    with http_server() as server:
        middleware = wrapped(
            server.url, project_url=server.url, background_worker_mode=False, buffer_length=1
        )
        Client(middleware).get("/")
        assert middleware.flush(10)
        assert [got.method for got in server.got] == ["POST"]


def test_nothing_is_looked_up_before_logs_are_accepted(wrapped):
    """A key that is refused is not shown to the dashboard too."""
    with http_server(lambda _: Answer(401)) as server:
        middleware = wrapped(server.url, project_url=server.url)
        Client(middleware).get("/")
        assert not middleware.flush(1)
        assert [got.method for got in server.got] == ["POST"]
        middleware.shutdown(0)


@pytest.mark.parametrize(
    ("given", "project"),
    [
        ({}, DASHBOARD),
        ({"server": "https://metrics.readme.io/"}, DASHBOARD),
        ({"server": "https://elsewhere.example"}, None),
        ({"server": "https://metrics.readme.io.evil.example"}, None),
        ({"project_url": "https://dash.example/"}, "https://dash.example/"),
    ],
)
def test_the_key_goes_to_nobody_that_was_not_named(given, project):
    """ReadMe's dashboard is asked only by who sends to ReadMe."""
    transport = ReadMe(api_key=KEY, **given).parts({}, {}).open_transport()
    look_up = getattr(transport, "_look_up", None)
    assert (look_up and look_up.args[1]) == project


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self):
        return self.now


def test_a_failed_look_up_is_tried_again_after_two_minutes():
    """And one that succeeded after a day; until then, and if that fails, the old base holds."""
    clock, answers, asked = Clock(), [None, "https://a", None, "https://b"], []
    links = DocumentationLinks(None, clock)

    def refresh():
        links.refresh(lambda: (asked.append(clock.now), answers[len(asked) - 1])[1])
        return links.url("1")

    assert refresh() is None
    clock.now += RETRY_SECONDS - 1
    assert refresh() is None
    assert len(asked) == 1
    clock.now += 1
    assert refresh() == "https://a/logs/1"
    clock.now += KNOWN_SECONDS
    assert refresh() == "https://a/logs/1"
    assert len(asked) == 3
    clock.now += RETRY_SECONDS
    assert refresh() == "https://b/logs/1"


@given(st.uuids(version=4).map(str))
def test_a_given_base_is_never_looked_up(exchange_id):
    """With base_log_url there is nothing to ask."""
    links = DocumentationLinks("https://docs")
    links.refresh(lambda: pytest.fail("asked"))
    assert links.header(exchange_id) == (HEADER, f"https://docs/logs/{exchange_id}")


def test_a_response_that_readme_does_not_get_has_no_link():
    """Another backend records it; ReadMe is asked for another host alone."""
    readme = ReadMe(
        api_key=KEY,
        grouping_function=who,
        base_log_url="https://docs.example/logs",
        allowed_http_hosts=["far.example"],
    )
    memory = Memory()
    with capture_exchanges(ApiMetricsMiddleware(app, readme, memory)) as captured:
        client = Client(captured.app)
        near = client.get("/", buffered=True)
        far = client.get("/", base_url="http://far.example/", buffered=True)
    assert HEADER not in near.headers
    assert far.headers[HEADER].startswith("https://docs.example/logs/")


def test_every_head_of_a_response_has_the_link_until_it_is_over():
    """An app may begin anew with exc_info; the caller is asked for once."""
    asked, heads, kept = [], [], []

    def twice(environ, start_response):
        kept.append(start_response)
        start_response("200 OK", [])
        start_response("500 Oh", [], (ValueError, ValueError("x"), None))
        return [b"ok"]

    def once(request):
        asked.append(request)
        return who(request)

    readme = ReadMe(api_key=KEY, grouping_function=once, base_log_url="https://docs.example/logs")
    with capture_exchanges(ApiMetricsMiddleware(twice, readme)) as captured:
        captured.app(EnvironBuilder().get_environ(), lambda *args: heads.append(args))
        kept[0]("500 Too Late", [])
    links = [[name for name, _ in head[1]] for head in heads]
    assert links == [[HEADER], [HEADER], []]
    assert len(asked) == 1
