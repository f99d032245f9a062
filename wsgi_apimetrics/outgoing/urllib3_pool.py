"""urllib3 pools whose calls are observed; requests' adapter is built on them.

A call is what a pool's ``urlopen`` does: its own retries are part of it, a redirect that the
manager follows is another. Response bodies are recorded as they are read, by whichever way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.response import HTTPResponse

from ..capture.input import InputTee
from .call import OutgoingCall, Tee
from .observer import Observer

if TYPE_CHECKING:
    _Pool = urllib3.HTTPConnectionPool
else:
    _Pool = object  # before the class of http and that of https alike

_inside: ContextVar[bool] = ContextVar("wsgi_apimetrics_inside_urlopen", default=False)


def observed_pool_manager(
    request: object = None, *, manager: urllib3.PoolManager | None = None, **options: Any
) -> urllib3.PoolManager:
    """Return a urllib3 pool manager whose calls are recorded.

    ::

        http = observed_pool_manager()  # once; each call finds the request that it belongs to
        answer = http.request("GET", "https://api.example.com/todos/2")

    Args:
        request: The request that all its calls belong to; by default each call belongs to
            the request that its context serves.
        manager: A manager to observe, such as a :class:`urllib3.ProxyManager`; by default a
            new one. Connections that it holds already are not observed.
        options: Those of :class:`~wsgi_apimetrics.outgoing.observer.Observer`.

    Raises:
        ConfigurationError: an option is wrong.
    """
    manager = manager or urllib3.PoolManager()
    observe(manager, Observer(request, **options))
    return manager


def observe(manager: urllib3.PoolManager, observer: Observer) -> None:
    """Have ``observer`` see the calls of ``manager``."""
    manager.pool_classes_by_scheme = {
        scheme: type(f"Observed{kind.__name__}", (_ObservedPool, kind), {"observer": observer})
        for scheme, kind in manager.pool_classes_by_scheme.items()
    }


class _ObservedPool(_Pool):
    """Mixed into a pool's class."""

    observer: Observer

    def urlopen(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        urlopen: Callable[..., Any] = super().urlopen
        if _inside.get():  # a retry
            return urlopen(method, url, body, headers, *args, **kwargs)
        fields = headers if headers is not None else getattr(self, "headers", None) or {}
        call = self.observer.begin(method, self._absolute(url), _pairs(fields))
        if call is None:
            return urlopen(method, url, body, headers, *args, **kwargs)
        more = self.observer.traceparent(call)
        if more:
            headers = {**fields, **more}
        token = _inside.set(True)
        try:
            with call.ended_by(BaseException):
                response = urlopen(method, url, _teed(body, call), headers, *args, **kwargs)
        finally:
            _inside.reset(token)
        return _observed(response, call)

    def _absolute(self, url: str) -> str:
        if "://" in url:
            return url  # by way of a proxy
        port = "" if self.port is None else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}{url}"


class ObservedResponse(HTTPResponse):
    """A response that records what is read of it; made of a plain one, in place."""

    _call: OutgoingCall

    def read(
        self,
        amt: int | None = None,
        decode_content: bool | None = None,
        cache_content: bool = False,
    ) -> bytes:
        """Read as urllib3 does."""
        data = self._read(super().read, decode_content, amt, decode_content, cache_content)
        if amt is None:
            self._over()
        return data

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Read as urllib3 does."""
        return self._read(super().read1, decode_content, amt, decode_content)

    def read_chunked(
        self, amt: int | None = None, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """Read as urllib3 does."""
        decoded = self.decode_content if decode_content is None else decode_content
        with self._call.ended_by(Exception):
            for chunk in super().read_chunked(amt, decode_content):
                self._call.came(chunk, decoded=decoded)
                yield chunk
        self._over()

    def stream(
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """Stream as urllib3 does."""
        yield from super().stream(amt, decode_content)
        self._over()

    def drain_conn(self) -> None:
        """Throw the rest away as urllib3 does; the call is over."""
        plain: Any = self
        plain.__class__ = HTTPResponse  # an older urllib3 would read the rest by our own ``read``
        try:
            plain.drain_conn()
        finally:
            self._call.finish()

    def close(self) -> None:
        """Close as urllib3 does; the call is over."""
        try:
            super().close()
        finally:
            self._call.finish()

    def _read(self, read: Callable[..., bytes], decode_content: bool | None, *args: Any) -> bytes:
        with self._call.ended_by(Exception):
            data = read(*args)
        decoded = self.decode_content if decode_content is None else decode_content
        if data:
            self._call.came(data, decoded=decoded)
        # With a coding, all may have come while some of it still waits to be decoded.
        if self.closed and (not data or "content-encoding" not in self.headers):
            self._over()
        return data

    def _over(self) -> None:
        self._call.exhausted()
        self._call.finish()


def _observed(response: Any, call: OutgoingCall) -> Any:
    version = getattr(response, "version", 11) or 11
    text = f"{version // 10}.{version % 10}" if version < 20 else "2"
    call.answered(response.status, response.reason or "", _pairs(response.headers), text)
    if response.__class__ is not HTTPResponse:  # another's kind: only its head is seen
        call.finish()
        return response
    if response.closed:  # it was read at once
        call.came(response.data, decoded=True)
        call.exhausted()
        call.finish()
        return response
    observed: Any = response
    observed.__class__ = ObservedResponse
    observed._call = call  # noqa: SLF001 - ours
    return observed


def _teed(body: Any, call: OutgoingCall) -> Any:
    """Return ``body`` so that what urllib3 reads of it is recorded."""
    if body is None:
        return None
    if isinstance(body, (bytes, bytearray)):
        call.sent.add_read(bytes(body))
        return body
    if isinstance(body, str):
        call.sent.add_read(body.encode())
        return body
    if hasattr(body, "read"):
        binary = "b" in getattr(body, "mode", "b") and not hasattr(body, "encoding")
        return InputTee(body, call.sent) if binary else body
    return Tee(body, call.sent.add_read)


def _pairs(headers: Any) -> list[tuple[str, str]]:
    items = headers.iteritems() if hasattr(headers, "iteritems") else headers.items()
    return [(_latin(name), _latin(value)) for name, value in items]


def _latin(text: Any) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else str(text)
