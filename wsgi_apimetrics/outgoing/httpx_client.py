"""HTTPX clients whose calls are observed.

The observing is done by a transport around HTTPX's own, so that whatever the client does
above it (redirects, cookies, authentication, decoding) stays HTTPX's: each request on the wire
is one exchange.
"""

from __future__ import annotations

import atexit
import os
import urllib.request
from collections.abc import Callable
from typing import Any

from ..exceptions import ConfigurationError, MissingExtraError
from .observer import Observer

try:
    import httpx

    from .httpx_transport import ObservedAsyncTransport, ObservedTransport
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
