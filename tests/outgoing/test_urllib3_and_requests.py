"""urllib3 pools and requests sessions whose calls are observed."""

from __future__ import annotations

import io

import pytest
import requests
import urllib3
from servers import Answer, http_server
from urllib3.response import HTTPResponse

from wsgi_apimetrics import ApiMetricsMiddleware, ReadMe
from wsgi_apimetrics.outgoing import observed_adapter, observed_pool_manager
from wsgi_apimetrics.testing import Memory


@pytest.fixture
def http(observing):
    with observed_pool_manager() as manager:
        yield manager


@pytest.fixture
def session(observing):
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", observed_adapter())
        yield session


def body_of_the_call(observing):
    (call,) = observing.calls
    assert not call.aborted
    return call.response.body.content


def test_each_call_of_a_pool_belongs_to_the_request_that_makes_it(observing, http, target):
    """One manager for the whole app; the context tells the requests apart."""
    observing.serve(lambda environ: http.request("POST", f"{target.url}/echo", body=b"hi"))
    (call,) = observing.calls
    assert call.parent_id == observing.incoming.id
    assert call.request.url == f"{target.url}/echo"
    assert call.request.body.content == call.response.body.content == b"hi"
    assert (call.response.status_code, call.response.status_text) == (200, "OK")


def read1_to_the_end(response):
    while (data := response.read1(3)) or not response.closed:
        yield data


READS = {
    "at once": lambda response: response.data,
    "read": lambda response: response.read(),
    "in pieces": lambda response: b"".join(iter(lambda: response.read(3), b"")),
    "read1": lambda response: b"".join(read1_to_the_end(response)),
    "stream": lambda response: b"".join(response.stream(4)),
    "iteration": b"".join,
    "readinto": lambda response: io.BufferedReader(response).read(),
}


@pytest.mark.parametrize("path", ["/chunked", "/gzip", "/todos"])
@pytest.mark.parametrize("way", READS)
def test_every_way_of_reading_is_recorded(observing, http, target, way, path):
    """The same body, whichever way the app reads it, and the app gets what it would."""
    if way == "read1" and not hasattr(urllib3.HTTPResponse, "read1"):
        pytest.skip("this urllib3 has none")
    with urllib3.PoolManager() as plain:
        bare = plain.request("GET", target.url + path, preload_content=way == "at once")
        expected = READS[way](bare)
    response = http.request("GET", target.url + path, preload_content=way == "at once")
    assert READS[way](response) == expected
    body = {"/chunked": b"one two three", "/gzip": b'{"zipped": true}', "/todos": b'{"id": 2}'}
    assert body_of_the_call(observing) == body[path]


def test_undecoded_reading_is_recorded_decoded(observing, http, target):
    """What the app leaves coded is decoded on the worker."""
    response = http.request("GET", f"{target.url}/gzip", preload_content=False)
    assert response.read(decode_content=False).startswith(b"\x1f\x8b")
    assert body_of_the_call(observing) == b'{"zipped": true}'


@pytest.mark.parametrize("letting_go", ["close", "drain_conn"])
def test_a_response_that_is_let_go_is_recorded(observing, http, target, letting_go):
    """Closed, or thrown away, after three bytes."""
    response = http.request("GET", target.url, preload_content=False)
    response.read(3)
    getattr(response, letting_go)()
    (call,) = observing.calls
    assert call.aborted
    assert call.response.body.content == b'{"i'


def test_retries_are_one_call_and_redirects_are_two(observing, http, target):
    """The pool's retries lie within its ``urlopen``, the manager's redirects do not."""
    http.request("GET", f"{target.url}/redirect")
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        http.request("GET", "http://127.0.0.1:1/", retries=urllib3.Retry(2, backoff_factor=0))
    assert [call.response.status_code for call in observing.calls] == [302, 200, 0]
    error = observing.calls[-1].errors[0]
    assert error.type == "urllib3.exceptions.MaxRetryError"
    assert error.root_type == "ConnectionRefusedError"


def test_a_body_that_breaks_off_is_an_error(observing, http, target):
    """While it is read."""
    response = http.request("GET", f"{target.url}/cut", preload_content=False)
    with pytest.raises(urllib3.exceptions.HTTPError):
        response.read()
    assert observing.calls[0].errors[0].type.startswith("urllib3.exceptions.")


@pytest.mark.parametrize(
    "body",
    [b"abc", "abc", bytearray(b"abc"), io.BytesIO(b"abc"), [b"a", b"bc"]],
    ids=lambda body: type(body).__name__,
)
def test_every_kind_of_body_is_sent_and_recorded(observing, http, target, body):
    """Bytes, text, files and iterables."""
    http.request("POST", f"{target.url}/todos", body=body)
    (call,) = observing.calls
    assert call.request.body.content == b"abc"


def test_a_text_file_is_sent_though_not_recorded(observing, http, target):
    """urllib3 encodes it by its type, which must stay."""
    http.request("POST", f"{target.url}/todos", body=io.StringIO("abc"))
    assert observing.calls[0].response.status_code == 200


def test_a_trace_is_passed_on_only_when_asked(observing, target):
    """As with HTTPX."""
    with observed_pool_manager(propagate=True) as manager:
        manager.request("GET", target.url, headers={"X-One": "1"})
    (call,) = observing.calls
    headers = target.got[0].headers
    assert headers["traceparent"] == f"00-{call.trace_id}-{call.span_id}-01"
    assert headers["X-One"] == "1"


def test_a_session_of_requests_is_observed(observing, session, target):
    """A form, a streamed answer, a redirect, an error."""
    assert session.post(f"{target.url}/echo", data={"a": "1"}).text == "a=1"
    with session.get(f"{target.url}/chunked", stream=True) as response:
        assert b"".join(response.iter_content(2)) == b"one two three"
    session.get(f"{target.url}/redirect")
    with pytest.raises(requests.ConnectionError):
        session.get("http://127.0.0.1:1/")
    calls = observing.calls
    assert calls[0].request.body.content == b"a=1"
    assert calls[1].response.body.content == b"one two three"
    assert [call.response.status_code for call in calls] == [200, 200, 302, 200, 0]


def test_adapters_take_both_kinds_of_options(observing, target):
    """Requests' own, and the observer's."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", observed_adapter(max_retries=1, url_wildcard="/todos/{id}"))
        assert session.get(f"{target.url}/gzip").json() == {"zipped": True}
    (call,) = observing.calls
    assert call.route == "/todos/{id}"
    assert call.response.body.content == b'{"zipped": true}'


def test_a_proxy_of_requests_is_observed(observing, session):
    """By the address that was meant; the second call uses the proxy's manager again."""
    with http_server(lambda got: Answer(200, {}, b"by proxy")) as proxy:
        session.proxies = {"http": proxy.url}
        for _ in range(2):
            assert session.get("http://api.invalid/todos").content == b"by proxy"
    assert [call.request.url for call in observing.calls] == ["http://api.invalid/todos"] * 2


def test_nobody_who_takes_calls_leaves_them_as_they_are(observing, target):
    """A middleware whose backends take none."""
    deaf = ApiMetricsMiddleware(lambda *_: [], Memory(like=ReadMe(api_key="k")))
    with observed_pool_manager(middleware=deaf) as http:
        assert http.request("GET", target.url).json() == {"id": 2}
    assert observing.calls == []


def test_what_fails_in_the_observing_costs_the_record_alone(observing, target, caplog):
    """The call goes on, and one log line names the kind of error."""
    with observed_pool_manager(middleware="nobody") as http:
        for _ in range(2):
            assert http.request("GET", target.url).json() == {"id": 2}
    (line,) = caplog.messages
    assert line.startswith("outgoing call: capture failed in begin: AttributeError at ")


def test_of_a_response_of_another_kind_only_the_head_is_seen(observing, target):
    """A pool of the app's own may answer with a class of its own, which must stay that."""

    class Own(HTTPResponse):
        """The app's."""

    class Pool(urllib3.HTTPConnectionPool):
        def urlopen(self, *args, **kwargs):
            response = super().urlopen(*args, **kwargs)
            response.__class__ = Own
            return response

    manager = urllib3.PoolManager()
    manager.pool_classes_by_scheme = {"http": Pool}
    with observed_pool_manager(manager=manager) as http:
        response = http.request("GET", target.url, preload_content=False)
        assert type(response) is Own
        assert response.data == b'{"id": 2}'
    (call,) = observing.calls
    assert (call.response.status_code, call.response.body.omitted) == (200, "unread")
