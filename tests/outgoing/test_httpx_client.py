"""observe_request: HTTPX clients whose calls are exchanges, linked to the incoming one."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading

import httpx
import pytest
from servers import Answer, http_server

from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit, ConfigurationError, ReadMe
from wsgi_apimetrics.outgoing import observe_request, observe_request_async
from wsgi_apimetrics.testing import Memory


def test_a_call_is_an_exchange_of_its_own_linked_to_the_request(observing, target):
    """Parent, trace and bodies; the app gets what it would get without us."""
    got = []
    observing.serve(
        lambda environ: got.append(
            observe_request(environ).post(f"{target.url}/todos/2?a=1", json={"x": 1}).json()
        )
    )
    assert got == [{"id": 2}]
    (call,) = observing.calls
    incoming = observing.incoming
    assert call.parent_id == incoming.id
    assert call.trace_id == incoming.trace_id
    assert call.parent_span_id == incoming.span_id
    assert (call.request.method, call.request.url) == ("POST", f"{target.url}/todos/2?a=1")
    assert json.loads(call.request.body.content) == {"x": 1}
    assert (call.response.status_code, call.response.body.content) == (200, b'{"id": 2}')
    assert not call.aborted
    assert call.timings.total > 0


def test_the_current_request_needs_no_argument(observing, target):
    """The context says which request it is; its traceparent joins them."""
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    observing.serve(lambda environ: observe_request().get(target.url), traceparent=traceparent)
    (call,) = observing.calls
    assert call.parent_id == observing.incoming.id
    assert call.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert "traceparent" not in {name.lower() for name in target.got[0].headers}


def test_outside_any_request_there_is_no_parent(observing, target):
    """A script's call is recorded by the middleware that was built last."""
    assert observe_request().get(target.url).status_code == 200
    (call,) = observing.calls
    assert (call.parent_id, call.parent_span_id) == (None, None)
    assert len(call.trace_id) == 32


def test_a_trace_is_passed_on_only_when_asked(observing, target):
    """``propagate=True`` names the call's own span."""
    observe_request(propagate=True).get(target.url)
    (call,) = observing.calls
    assert target.got[0].headers["traceparent"] == f"00-{call.trace_id}-{call.span_id}-01"


def test_a_response_is_streamed_not_read_ahead(observing):
    """The first chunk is there before the server has sent the second."""
    first_seen = threading.Event()

    def act(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"one")
        assert first_seen.wait(10)
        handler.wfile.write(b"two")

    server = http_server(Answer(act=act))
    with server as running, observe_request().stream("GET", running.url) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"one"
        assert observing.calls == []
        first_seen.set()
        assert b"".join(chunks) == b"two"
    (call,) = observing.calls
    assert call.response.body.content == b"onetwo"


def test_a_response_that_is_not_read_to_its_end_is_cut_short(observing, target):
    """Closed after the head: nothing was read, and the record says so."""
    with observe_request().stream("GET", target.url):
        pass
    (call,) = observing.calls
    assert call.aborted
    assert call.response.body.omitted == "unread"


def test_a_coded_body_is_recorded_without_its_coding(observing, target):
    """The app gets it decoded by HTTPX, from the bytes that came."""
    assert observe_request().get(f"{target.url}/gzip").json() == {"zipped": True}
    (call,) = observing.calls
    assert call.response.body.content == b'{"zipped": true}'


def test_each_redirect_is_a_call(observing, target):
    """As on the wire."""
    observe_request(follow_redirects=True).get(f"{target.url}/redirect")
    assert [call.response.status_code for call in observing.calls] == [302, 200]


def test_a_refused_connection_is_recorded(observing):
    """No response: status 0, the error, and the exception goes to the app."""
    with pytest.raises(httpx.ConnectError):
        observe_request().get("http://127.0.0.1:1/")
    (call,) = observing.calls
    assert call.response.status_code == 0
    assert call.errors[0].type == "httpx.ConnectError"


def test_a_time_out_is_recorded(observing):
    """The server is silent; the client gives up."""
    silent = http_server(Answer(act=lambda handler: server.stopping.wait(5)))
    with silent as server, pytest.raises(httpx.ReadTimeout):
        observe_request(timeout=0.2).get(server.url)
    assert observing.calls[0].errors[0].type == "httpx.ReadTimeout"


def test_a_body_that_breaks_off_is_recorded_as_far_as_it_came(observing, target):
    """With the error."""
    with pytest.raises(httpx.RemoteProtocolError):
        observe_request().get(f"{target.url}/cut")
    (call,) = observing.calls
    assert call.response.body.content == b"only this"
    assert call.errors[0].type == "httpx.RemoteProtocolError"


def test_a_generator_as_body_is_sent_and_recorded_as_it_is_made(observing, target):
    """Never joined, never read ahead."""
    response = observe_request().post(f"{target.url}/todos", content=iter([b"a", b"b"]))
    assert response.status_code == 200
    (call,) = observing.calls
    assert call.request.body.content == b"ab"


def test_a_wildcard_stands_for_the_path(observing, target):
    """All todos are one endpoint."""
    observe_request(url_wildcard="/todos/{id}").get(f"{target.url}/todos/2")
    (call,) = observing.calls
    assert (call.route, call.request.path) == ("/todos/{id}", "/todos/2")


def test_a_password_in_the_url_is_not_recorded(observing, target):
    """It belongs to nobody's dashboard."""
    url = target.url.replace("http://", "http://ann:hunter2@")
    assert observe_request().get(url).status_code == 200
    assert "hunter2" not in observing.calls[0].request.url


def test_the_calls_own_rules_add_to_the_backends(observing, target):
    """Headers and JSONPaths, on this call only."""
    client = observe_request(
        redact_headers=["X-Secret"],
        redact_request_body=["$.user.password"],
        redact_response_body=["$.id"],
    )
    body = {"user": {"name": "Ann", "password": "hunter2"}}
    assert client.post(f"{target.url}/todos", json=body).json() == {"id": 2}
    observe_request().get(target.url)
    redacted, plain = observing.calls
    assert dict(redacted.response.headers)["X-Secret"] == "[CLIENT_REDACTED]"
    assert json.loads(redacted.request.body.content) == {
        "user": {"name": "Ann", "password": "[CLIENT_REDACTED]"}
    }
    assert json.loads(redacted.response.body.content) == {"id": "[CLIENT_REDACTED]"}
    assert dict(plain.response.headers)["X-Secret"] == "s3cret"


def test_the_backends_rules_hold_beside_the_calls_own(observing, target):
    """What the middleware never sends is not sent of a call with rules either."""
    observe_request(redact_headers=["X-Other"]).get(target.url, headers={"Cookie": "c=hunter2"})
    assert "hunter2" not in str(observing.calls[0])


def test_asynchronous_code_has_a_client_too(observing, target):
    """The same, awaited."""

    async def work():
        async with observe_request_async() as client:
            answer = await client.post(f"{target.url}/echo", content=b"hello")
            async with client.stream("GET", f"{target.url}/chunked") as streamed:
                chunks = [chunk async for chunk in streamed.aiter_raw()]
            with pytest.raises(httpx.ConnectError):
                await client.get("http://127.0.0.1:1/")
        return answer.content, b"".join(chunks)

    assert asyncio.run(work()) == (b"hello", b"one two three")
    first, second, third = observing.calls
    assert first.request.body.content == first.response.body.content == b"hello"
    assert second.response.body.content == b"one two three"
    assert third.errors[0].type == "httpx.ConnectError"


def test_clients_of_one_process_share_their_connections(observing, target):
    """Ten clients, one connection, and nothing to close."""
    for _ in range(10):
        observe_request().get(target.url)
    assert {got.connection for got in target.got} == {1}


def test_a_transport_of_ones_own_is_used(observing):
    """For certificates, proxies, HTTP/2 or tests."""
    mock = httpx.MockTransport(lambda request: httpx.Response(418, text="teapot"))
    assert observe_request(transport=mock).get("http://x.invalid/").status_code == 418
    (call,) = observing.calls
    assert (call.response.status_code, call.response.body.content) == (418, b"teapot")


def test_what_belongs_to_a_transport_is_refused(observing):
    """It would be ignored without a word otherwise."""
    with pytest.raises(ConfigurationError, match=r"httpx.HTTPTransport\(verify="):
        observe_request(verify=False)


def test_a_wrong_rule_is_refused(observing):
    """As the backends' own rules are."""
    with pytest.raises(ConfigurationError, match="redact_headers"):
        observe_request(redact_headers="Cookie")


def test_readme_gets_no_outgoing_calls(target):
    """It has no way to show them: nothing is recorded, the call is made."""
    memory = Memory(like=ReadMe(api_key="k", grouping_function=lambda request: {"api_key": "a"}))
    middleware = ApiMetricsMiddleware(lambda environ, start_response: [], memory)
    assert observe_request(middleware=middleware).get(target.url).status_code == 200
    assert memory.exchanges == ()


def test_without_any_middleware_calls_are_made(target):
    """Observing is never in the way."""
    gc.collect()
    assert observe_request().get(target.url).status_code == 200


def test_asynchronous_calls_that_nobody_takes_are_made(target):
    """Backends that take none leave them as they are."""
    deaf = ApiMetricsMiddleware(lambda *_: [], Memory(like=ReadMe(api_key="k")))

    async def work():
        async with observe_request_async(middleware=deaf) as client:
            return (await client.get(target.url)).json()

    assert asyncio.run(work()) == {"id": 2}


def test_a_transport_of_ones_own_is_closed_with_its_client(observing):
    """It belongs to the one client; and it may close the body that it sends."""
    closed = []

    class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield b"sent"

        async def __aiter__(self):
            yield b"sent"

        def close(self):
            closed.append("body")

        async def aclose(self):
            closed.append("asynchronous body")

    class Own(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request):
            assert b"".join(request.stream) == b"sent"
            request.stream.close()
            return httpx.Response(204)

        async def handle_async_request(self, request):
            assert [chunk async for chunk in request.stream] == [b"sent"]
            await request.stream.aclose()
            return httpx.Response(204)

        def close(self):
            closed.append("transport")

        async def aclose(self):
            closed.append("asynchronous transport")

    async def work():
        async with observe_request_async(transport=Own()) as client:
            await client.send(httpx.Request("POST", "http://api.invalid/", stream=Body()))

    with observe_request(transport=Own()) as client:
        client.send(httpx.Request("POST", "http://api.invalid/", stream=Body()))
    asyncio.run(work())
    assert closed == ["body", "transport", "asynchronous body", "asynchronous transport"]
    assert [call.request.body.content for call in observing.calls] == [b"sent"] * 2


def test_each_backend_that_takes_calls_gets_them(target):
    """They are made into an exchange once."""
    both = [Memory(like=APIToolkit(api_key="k"), name=name) for name in ("one", "two")]
    middleware = ApiMetricsMiddleware(lambda *_: [], *both, capture_response_body=False)
    assert observe_request(middleware=middleware).get(target.url).json() == {"id": 2}
    [[first], [second]] = [memory.exchanges for memory in both]
    assert first.id == second.id
    body = first.response.body
    assert (body.content, body.size, body.omitted) == (None, 9, "policy")


def test_an_error_that_cannot_be_described_is_the_apps_all_the_same(observing, target, caplog):
    """Its source is asked of a loader, which may fail in a way of its own."""

    class Loader:
        def get_source(self, name):
            raise ValueError("no source today")

    names = {"__name__": "sources.of.bodies", "__loader__": Loader()}
    exec(compile("def body():\n    yield b'x'\n    raise KeyError", "bodies.py", "exec"), names)
    with pytest.raises(KeyError):
        observe_request().post(target.url, content=names["body"]())
    (call,) = observing.calls
    assert (call.errors, call.response.status_code) == ((), 0)
    assert "outgoing call: capture failed in error: ValueError" in caplog.text


def test_a_child_that_ends_leaves_its_parents_connections_alone(target):
    """What a fork copies is the parent's, at exit too."""
    script = """
import os, sys
from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit
from wsgi_apimetrics.outgoing import observe_request
ApiMetricsMiddleware(lambda *_: [], APIToolkit(api_key="k"), enabled=False)
print(observe_request().get(sys.argv[1]).text)
if os.fork() == 0:
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
print(observe_request().get(sys.argv[1]).text)
"""
    # In Python's development mode the child's own end of the socket would be told of.
    run = [sys.executable, "-W", "ignore::ResourceWarning", "-c", script, target.url]
    ran = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr) == ('{"id": 2}\n' * 2, "")
    assert [got.connection for got in target.got] == [1, 1]
