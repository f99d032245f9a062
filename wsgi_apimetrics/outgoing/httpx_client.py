"""HTTPX clients whose calls are observed.

The observing is done by a transport around HTTPX's own, so that whatever the client does
above it (redirects, cookies, authentication, decoding) stays HTTPX's: each request on the wire
is one exchange. Bodies are recorded as they are iterated, by whoever iterates them.
"""

from __future__ import annotations

import atexit
import os
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from ..exceptions import ConfigurationError, MissingExtraError
from .call import OutgoingCall
from .observer import Observer

try:
    import httpx
except ImportError:
    raise MissingExtraError("observe_request", "httpx") from None

_OBSERVER_OPTIONS = (
    "url_wildcard",
    "redact_headers",
    "redact_request_body",
    "redact_response_body",
    "propagate",
    "middleware",
)
_TRANSPORT_OPTIONS = frozenset(
    {"cert", "http1", "http2", "limits", "mounts", "proxy", "trust_env", "verify"}
)


def observe_request(request: object = None, **options: Any) -> httpx.Client:
    """Return an HTTPX client whose calls are recorded, linked to ``request``.

    ::

        answer = observe_request(request).get("https://api.example.com/todos/2")

    All such clients of a process share their connections; none needs to be closed.

    Args:
        request: The framework's request or the environ; by default the current request.
        options: Those of :class:`~wsgi_apimetrics.outgoing.observer.Observer`, and any of
            :class:`httpx.Client`; for certificates, proxies or HTTP/2 give it a
            ``transport`` of your own, ``httpx.HTTPTransport(verify=...)``.

    Raises:
        ConfigurationError: an option is wrong.
    """
    observer, client_options = _divided(request, options)
    transport = client_options.pop("transport", None)
    if transport is not None:
        return httpx.Client(transport=ObservedTransport(transport, observer), **client_options)
    mounts = {
        pattern: ObservedTransport(shared, observer, owned=False)
        for pattern, shared in _shared_transports().items()
    }
    return httpx.Client(transport=mounts.pop(""), mounts=mounts, **client_options)


def observe_request_async(request: object = None, **options: Any) -> httpx.AsyncClient:
    """Return an asynchronous HTTPX client whose calls are recorded, linked to ``request``.

    ::

        async with observe_request_async(request) as client:
            answer = await client.get("https://api.example.com/todos/2")

    Its connections are its own, for they belong to the event loop: close it.

    Args:
        request: As for :func:`observe_request`.
        options: As for :func:`observe_request`, with :class:`httpx.AsyncClient`.

    Raises:
        ConfigurationError: an option is wrong.
    """
    observer, client_options = _divided(request, options)
    transport = client_options.pop("transport", None)
    own = {"": transport} if transport is not None else _transports(httpx.AsyncHTTPTransport)
    observed = {pattern: ObservedAsyncTransport(way, observer) for pattern, way in own.items()}
    return httpx.AsyncClient(transport=observed.pop(""), mounts=observed, **client_options)


class ObservedTransport(httpx.BaseTransport):
    """Records what goes through another transport.

    Args:
        transport: The transport that does the work.
        observer: Begins the calls.
        owned: Whether closing this one closes the other.
    """

    def __init__(
        self, transport: httpx.BaseTransport, observer: Observer, *, owned: bool = True
    ) -> None:
        self._transport = transport
        self._observer = observer
        self._owned = owned

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` as the transport does."""
        call = _begin(self._observer, request)
        if call is None:
            return self._transport.handle_request(request)
        stream = request.stream
        assert isinstance(stream, httpx.SyncByteStream)
        teed = _teed_request(self._observer, call, request, _SentStream(stream, call))
        try:
            response = self._transport.handle_request(teed)
        except BaseException as error:
            call.failed(error)
            raise
        _answered(call, response)
        assert isinstance(response.stream, httpx.SyncByteStream)
        return _teed_response(response, _ReceivedStream(response.stream, call))

    def close(self) -> None:
        """Close the transport, if it is owned."""
        if self._owned:
            self._transport.close()


class ObservedAsyncTransport(httpx.AsyncBaseTransport):
    """Records what goes through another asynchronous transport, and closes it."""

    def __init__(self, transport: httpx.AsyncBaseTransport, observer: Observer) -> None:
        self._transport = transport
        self._observer = observer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` as the transport does."""
        call = _begin(self._observer, request)
        if call is None:
            return await self._transport.handle_async_request(request)
        stream = request.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        teed = _teed_request(self._observer, call, request, _AsyncSentStream(stream, call))
        try:
            response = await self._transport.handle_async_request(teed)
        except BaseException as error:
            call.failed(error)
            raise
        _answered(call, response)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return _teed_response(response, _AsyncReceivedStream(response.stream, call))

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class _SentStream(httpx.SyncByteStream):
    """A request's body on its way out."""

    def __init__(self, stream: httpx.SyncByteStream, call: OutgoingCall) -> None:
        self._stream = stream
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._call.sent.add_read(chunk)
            yield chunk

    def close(self) -> None:
        self._stream.close()


class _AsyncSentStream(httpx.AsyncByteStream):
    """A request's body on its way out, asynchronously."""

    def __init__(self, stream: httpx.AsyncByteStream, call: OutgoingCall) -> None:
        self._stream = stream
        self._call = call

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._call.sent.add_read(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _ReceivedStream(httpx.SyncByteStream):
    """A response's body on its way in; the call is over when it is closed."""

    def __init__(self, stream: httpx.SyncByteStream, call: OutgoingCall) -> None:
        self._stream = stream
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._stream:
                self._call.came(chunk)
                yield chunk
        except Exception as error:
            self._call.failed(error)
            raise
        self._call.exhausted()

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._call.finish()

    def __del__(self) -> None:
        self._call.finish()


class _AsyncReceivedStream(httpx.AsyncByteStream):
    """A response's body on its way in, asynchronously."""

    def __init__(self, stream: httpx.AsyncByteStream, call: OutgoingCall) -> None:
        self._stream = stream
        self._call = call

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._call.came(chunk)
                yield chunk
        except Exception as error:
            self._call.failed(error)
            raise
        self._call.exhausted()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._call.finish()

    def __del__(self) -> None:
        self._call.finish()


def _divided(request: object, options: dict[str, Any]) -> tuple[Observer, dict[str, Any]]:
    """Return the observer, and what of ``options`` is HTTPX's."""
    client_options = dict(options)
    own = {name: client_options.pop(name) for name in _OBSERVER_OPTIONS if name in options}
    misplaced = sorted(_TRANSPORT_OPTIONS & client_options.keys())
    if misplaced:
        raise ConfigurationError(
            f"observe_request: give {misplaced[0]} to a transport of its own: "
            f"transport=httpx.HTTPTransport({misplaced[0]}=...)"
        )
    return Observer(request, **own), client_options


def _begin(observer: Observer, request: httpx.Request) -> OutgoingCall | None:
    return observer.begin(request.method, str(request.url), _pairs(request.headers))


def _pairs(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Return the fields as they are on the wire: HTTPX's own views of them are in lower case."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw]


def _teed_request(
    observer: Observer, call: OutgoingCall, request: httpx.Request, stream: Any
) -> httpx.Request:
    headers = request.headers.copy()
    headers.update(observer.traceparent(call))
    return httpx.Request(
        request.method, request.url, headers=headers, stream=stream, extensions=request.extensions
    )


def _answered(call: OutgoingCall, response: httpx.Response) -> None:
    call.answered(
        response.status_code,
        response.reason_phrase,
        _pairs(response.headers),
        response.http_version.rpartition("/")[2],
    )


def _teed_response(response: httpx.Response, stream: Any) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=stream,
        extensions=response.extensions,
    )


_shared: dict[int, dict[str, httpx.BaseTransport]] = {}


def _shared_transports() -> dict[str, httpx.BaseTransport]:
    """Return this process's transports: a forked child must not use its parent's connections."""
    pid = os.getpid()
    if pid not in _shared:
        atexit.register(_close_shared, pid)
        _shared[pid] = _transports(httpx.HTTPTransport)
    return _shared[pid]


def _close_shared(pid: int) -> None:
    if pid == os.getpid():
        for transport in _shared.pop(pid).values():
            transport.close()


def _transports(kind: Callable[..., Any]) -> dict[str, Any]:
    """Return a transport for each URL pattern of HTTPX's, by the proxies that are set.

    HTTPX itself looks at the environment only where it makes the transports.
    """
    proxies = urllib.request.getproxies_environment()
    transports = {"": kind()}
    for scheme in ("http", "https", "all"):
        if proxies.get(scheme):
            proxy = proxies[scheme]
            transports[f"{scheme}://"] = kind(proxy=proxy if "://" in proxy else f"http://{proxy}")
    for host in filter(None, map(str.strip, proxies.get("no", "").split(","))):
        transports[f"all://{'*' if host.startswith('.') else ''}{host}"] = transports[""]
    return transports
