"""HTTPX clients whose calls are observed.

The observing is done by a transport around HTTPX's own, so that whatever the client does
above it (redirects, cookies, authentication, decoding) stays HTTPX's: each request on the wire
is one exchange.
"""

from __future__ import annotations

import atexit
import ipaddress
import os
import urllib.request
from collections.abc import Callable, Mapping
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
    there = _shared.get(pid)
    if there is not None:
        return there
    made = _transports(httpx.HTTPTransport)
    there = _shared.setdefault(pid, made)  # atomic: no lock for a fork to copy while it is held
    if there is made:
        atexit.register(_close_shared)
    else:
        _close(made)
    return there


def _close_shared() -> None:
    """Close this process's: those that a fork has copied are the parent's."""
    _close(_shared.pop(os.getpid(), {}))


def _close(transports: Mapping[str, httpx.BaseTransport]) -> None:
    for transport in transports.values():
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
            url = proxy if "://" in proxy else f"http://{proxy}"
            transports[f"{scheme}://"] = kind(proxy=httpx.Proxy(url))  # older ones take no text
    for host in filter(None, map(str.strip, proxies.get("no", "").split(","))):
        if host == "*":
            return {"": transports[""]}
        transports[_exempt(host)] = transports[""]
    return transports


def _exempt(host: str) -> str:
    """Return the pattern of an entry of NO_PROXY as HTTPX reads it.

    A name stands for the names below it too, an address or localhost for itself.
    """
    if "://" in host:
        return host
    try:
        version = ipaddress.ip_address(host.partition("/")[0]).version
    except ValueError:
        return f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    return f"all://[{host}]" if version == 6 else f"all://{host}"
