"""Which hosts are logged: the vendor's ``allowed_http_hosts``.

Names are compared without case, and without port unless the entry has one. The host is the
client's word, through as many proxies as are trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .capture.urls import DEFAULT_PORTS, origin


class AllowedHosts:
    """A set of host names, some with a port; its ``entries`` are in lower case."""

    __slots__ = ("_names", "_trusted_proxies", "_with_port", "entries")

    def __init__(self, hosts: Iterable[str], trusted_proxies: int = 0) -> None:
        self._trusted_proxies = trusted_proxies
        self.entries = frozenset(host.lower() for host in hosts)
        self._with_port = frozenset(entry for entry in self.entries if _port(entry))
        self._names = self.entries - self._with_port

    def __contains__(self, environ: Mapping[str, str]) -> bool:
        """Whether the request of this environ went to one of the hosts."""
        where = origin(environ, self._trusted_proxies)
        scheme, host = where.scheme, where.host.lower()
        port = _port(host)
        name = host[: -len(port) - 1] if port else host
        if name in self._names:
            return True
        return f"{name}:{port or DEFAULT_PORTS.get(scheme, '')}" in self._with_port


def _port(host: str) -> str:
    """Return the port of ``name:port`` and ``[::1]:port``, ``""`` if there is none."""
    port = host.rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""
    return port if port.isdecimal() else ""
