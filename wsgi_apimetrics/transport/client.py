"""The connections to a backend: urllib3, kept within this package's promises.

* Connections are kept alive; nothing is opened before the first request.
* One request takes ``timeout`` seconds at most, from the connection to the answer's last byte.
* Nothing is tried twice here (``delivery`` decides that) and no redirect is followed: it
  would take the key to a host that nobody named.
* The exceptions of urllib3 become :class:`Answer` values here and nowhere else.

Importing this module imports urllib3: whoever needs it does so when the first exchange is
about to be sent, not before.
"""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions

from .answer import Answer
from .deadline import POOLS
from .policy import HttpPolicy

ANSWER_BYTES = 256 * 1024
"""How much of an answer's body is read; the connection of a longer one is closed."""

_KEPT_CONNECTIONS = 8  # to one host: more than one only where requests' own threads send

_NOTHING_SENT = (
    exceptions.NewConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyError,
    ValueError,
)


class HttpClient:
    """Connections that are kept alive; any thread may use them.

    Args:
        policy: The proxy and the certificates to use.
        timeout: Seconds that one request may take.
    """

    def __init__(self, policy: HttpPolicy, timeout: float) -> None:
        self._policy = policy
        self._timeout = timeout
        self._lock = threading.Lock()
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._proxies: dict[str, str | None] = {}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        """Send one request and say what came back. Never raises for the network."""
        try:
            response = self._pool(url).urlopen(
                method,
                url,
                headers=headers,
                body=content,
                timeout=urllib3.Timeout(total=self._timeout),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        # Beside urllib3's own: OSError for a CA bundle that can't be read, ValueError for
        # what can't be a URL or a header.
        except (exceptions.HTTPError, OSError, ValueError) as error:
            return self._failure(error)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, _read(response))

    def close(self) -> None:
        """Close every connection. A later request opens new ones."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.clear()

    def _pool(self, url: str) -> urllib3.PoolManager:
        with self._lock:
            if url not in self._proxies:  # looking through the environment takes 40 us
                self._proxies[url] = self._policy.proxy or _environment_proxy(url)
            proxy = self._proxies[url]
            if proxy not in self._pools:
                self._pools[proxy] = _open_pool(self._policy, proxy)
            return self._pools[proxy]

    def _failure(self, error: Exception) -> Answer:
        uncertain = not isinstance(error, _NOTHING_SENT)
        if isinstance(error, exceptions.TimeoutError) and not isinstance(
            error, exceptions.NewConnectionError
        ):
            what = "answer" if uncertain else "connection"
            return Answer(error=f"no {what} within {self._timeout:g} s", uncertain=uncertain)
        cause = _root(error)
        untrusted = "CERTIFICATE_VERIFY_FAILED" in str(cause)
        text = f"{type(cause).__name__}: {cause}"
        return Answer(error=text, uncertain=uncertain and not untrusted)


def _open_pool(policy: HttpPolicy, proxy: str | None) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": _KEPT_CONNECTIONS}
    if policy.ca_bundle is not None:
        options["ca_certs"] = policy.ca_bundle
    manager = (
        urllib3.PoolManager(**options)
        if proxy is None
        else urllib3.ProxyManager(proxy, proxy_headers=_proxy_credentials(proxy), **options)
    )
    manager.pool_classes_by_scheme = POOLS
    return manager


def _proxy_credentials(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return dict(urllib3.make_headers(proxy_basic_auth=pair))


def _environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for ``url``, as other HTTP clients read it."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """Return the body's beginning; give the connection back only if that was all of it."""
    content = b""
    try:
        while len(content) <= ANSWER_BYTES:
            piece = response.read(ANSWER_BYTES + 1 - len(content))
            if not piece:
                response.release_conn()
                return content
            content += piece
    except (exceptions.HTTPError, OSError):
        pass  # The status has come, and that is what counts.
    response.close()
    return content[:ANSWER_BYTES]


def _root(error: BaseException) -> BaseException:
    """Return what lies at the bottom: urllib3's own texts show memory addresses."""
    nested = [part for part in error.args if isinstance(part, BaseException)]
    inner = error.__cause__ or (nested[-1] if nested else None)
    return error if inner is None else _root(inner)
