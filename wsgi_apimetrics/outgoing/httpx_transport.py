"""HTTPX's transports, observed: each request on the wire is one exchange.

Bodies are recorded as they are iterated, by whoever iterates them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
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
