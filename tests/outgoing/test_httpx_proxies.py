"""The shared HTTPX clients go through the proxies that the environment names."""

from __future__ import annotations

import asyncio
import threading
from importlib.metadata import version

import pytest
from servers import Answer, http_server

from wsgi_apimetrics.outgoing import httpx_client, observe_request, observe_request_async


@pytest.fixture(autouse=True)
def _no_connections_of_others(monkeypatch):
    """The shared transports are made once per process: for these tests, anew."""
    monkeypatch.setattr(httpx_client, "_shared", {})
    yield
    for transport in {
        id(it): it for made in httpx_client._shared.values() for it in made.values()
    }.values():
        transport.close()


@pytest.fixture
def proxy():
    """A proxy that answers for everyone."""
    with http_server(lambda got: Answer(200, {}, b"by proxy")) as server:
        yield server


def address(server, scheme):
    """Return the proxy's address as it stands in the environment, with a scheme or without."""
    return server.url if scheme else server.url.removeprefix("http://")


@pytest.mark.parametrize("scheme", [True, False])
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_calls_go_through_the_proxy(observing, proxy, monkeypatch, variable, scheme):
    """And are recorded with the address that was meant."""
    monkeypatch.setenv(variable, address(proxy, scheme))
    if variable == "HTTP_PROXY":
        monkeypatch.delenv("REQUEST_METHOD", raising=False)
    assert observe_request().get("http://api.invalid/todos").text == "by proxy"
    (call,) = observing.calls
    assert call.request.url == "http://api.invalid/todos"
    assert proxy.got[0].target == "http://api.invalid/todos"


@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "example.invalid, 127.0.0.1"])
def test_exempt_hosts_are_asked_directly(observing, proxy, target, monkeypatch, exempt):
    """As curl, requests and HTTPX's own clients do."""
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", exempt)
    assert observe_request().get(target.url).json() == {"id": 2}
    assert proxy.got == []
    assert len(observing.calls) == 1


@pytest.mark.parametrize(
    "exempt",
    [
        "localhost:1",
        "invalid",
        ".invalid",
        "api.invalid",
        "127.0.0.1",
        "*",
        "::1",
        "http://api.invalid",
    ],
)
def test_whatever_is_exempt_is_taken_as_httpx_takes_it(observing, proxy, monkeypatch, exempt):
    """Whether it means this host or not, the client can be made."""
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", exempt)
    with observe_request() as ours:
        pattern = [str(it.pattern) for it in ours._mounts]
    import httpx

    if "://" in exempt and version("httpx").startswith("0.25."):
        pytest.skip("a whole URL exempts nothing in this HTTPX")
    with httpx.Client() as theirs:
        assert sorted(pattern) == sorted(str(it.pattern) for it in theirs._mounts)


def test_asynchronous_calls_go_through_the_proxy(observing, proxy, monkeypatch):
    """The same."""
    monkeypatch.setenv("http_proxy", proxy.url)

    async def work():
        async with observe_request_async() as client:
            return (await client.get("http://api.invalid/")).text

    assert asyncio.run(work()) == "by proxy"
    assert len(observing.calls) == 1


def test_clients_of_several_threads_share_the_transports(observing, target):
    """Two first calls at one moment make one set of connections."""
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        observe_request().get(target.url)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(observing.calls) == 4
    assert len(httpx_client._shared) == 1
