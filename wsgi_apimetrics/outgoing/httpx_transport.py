"""HTTPX's transports, observed: each request on the wire is one exchange.

Bodies are recorded as they are iterated, by whoever iterates them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import httpx

from .call import OutgoingCall
from .observer import Observer


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
        with call.ended_by(BaseException):
            response = self._transport.handle_request(_teed(request, call, self._observer))
        return _observed(response, call)

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
        with call.ended_by(BaseException):
            teed = _teed(request, call, self._observer)
            response = await self._transport.handle_async_request(teed)
        return _observed(response, call)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body on its way, whichever of HTTPX's two ways that is."""

    def __init__(self, stream: Any, passes: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._passes = passes

    def __iter__(self) -> Iterator[bytes]:
        with self._iterated():
            for chunk in self._stream:
                self._passes(chunk)
                yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._iterated():
            async for chunk in self._stream:
                self._passes(chunk)
                yield chunk

    def close(self) -> None:
        with self._closed():
            self._stream.close()

    async def aclose(self) -> None:
        with self._closed():
            await self._stream.aclose()

    def _iterated(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _closed(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Received(_Stream):
    """A response's body on its way in; the call is over when it is closed."""

    def __init__(self, stream: Any, call: OutgoingCall) -> None:
        super().__init__(stream, call.came)
        self._call = call

    @contextmanager
    def _iterated(self) -> Iterator[None]:
        with self._call.ended_by(Exception):
            yield
        self._call.exhausted()

    @contextmanager
    def _closed(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._call.finish()

    def __del__(self) -> None:
        self._call.finish()


def _begin(observer: Observer, request: httpx.Request) -> OutgoingCall | None:
    return observer.begin(request.method, str(request.url), _pairs(request.headers))


def _pairs(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Return the fields as they are on the wire: HTTPX's own views of them are in lower case."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw]


def _teed(request: httpx.Request, call: OutgoingCall, observer: Observer) -> httpx.Request:
    headers = request.headers.copy()
    headers.update(observer.traceparent(call))
    return httpx.Request(
        request.method,
        request.url,
        headers=headers,
        stream=_Stream(request.stream, call.sent.add_read),
        extensions=request.extensions,
    )


def _observed(response: httpx.Response, call: OutgoingCall) -> httpx.Response:
    call.answered(
        response.status_code,
        response.reason_phrase,
        _pairs(response.headers),
        response.http_version.rpartition("/")[2],
    )
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=_Received(response.stream, call),
        extensions=response.extensions,
    )
