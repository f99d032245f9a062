"""The URL as the client used it, rebuilt from the environ's texts.

PEP 3333, "URL Reconstruction", and its "Unicode Issues": environ texts are bytes read as
latin-1, with the path already unquoted by the server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

_PATH_SAFE = "/:@!$&'()*+,;=-._~"
_QUERY_SAFE = "".join(chr(code) for code in range(0x21, 0x7F))
DEFAULT_PORTS = {"http": "80", "https": "443"}


class Origin(NamedTuple):
    """Where the request went and whence it came, after any trusted proxy's word."""

    scheme: str
    host: str
    prefix: str
    client_address: str


def wire_bytes(text: str) -> bytes:
    """Return the bytes that a server made ``text`` of; also for texts that no server makes."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


_PLAIN_PATH = re.compile(f"[A-Za-z0-9{re.escape(_PATH_SAFE)}]*")


def quoted_path(path: str) -> str:
    """Percent-encode a path as the environ has it."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    return quote(wire_bytes(path), safe=_PATH_SAFE)


def quoted_query(query: str) -> str:
    """Percent-encode only what may not stand in a query as it is."""
    if query.isascii() and query.isprintable() and " " not in query:
        return query
    return quote(wire_bytes(query), safe=_QUERY_SAFE)


def origin(environ: Mapping[str, str], trusted_proxies: int) -> Origin:
    """Return the origin; X-Forwarded-* is believed as werkzeug's ProxyFix does.

    Of each header's comma-separated values the one counts that the outermost of
    ``trusted_proxies`` added; a header with fewer values is not believed.
    """
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST", "")
    prefix = environ.get("SCRIPT_NAME", "")
    client = environ.get("REMOTE_ADDR", "")
    if trusted_proxies:

        def forwarded(name: str) -> str:
            values = environ.get(f"HTTP_X_FORWARDED_{name}", "").split(",")
            return values[-trusted_proxies].strip() if len(values) >= trusted_proxies else ""

        scheme = forwarded("PROTO") or scheme
        host = forwarded("HOST") or host
        prefix = forwarded("PREFIX").rstrip("/") or prefix
        client = forwarded("FOR") or client
        port = forwarded("PORT")
        if host and port:
            host = _with_port(host, port, scheme)
    return Origin(scheme, host or server_host(environ, scheme), prefix, client)


def server_host(environ: Mapping[str, str], scheme: str) -> str:
    """Host and port for a request that named none: the server's own."""
    name = environ.get("SERVER_NAME", "")
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return _with_port(name, environ.get("SERVER_PORT", ""), scheme)


def _with_port(host: str, port: str, scheme: str) -> str:
    bare = host if host.endswith("]") else host.partition("]")[0] + "]"
    if not host.startswith("["):
        bare = host.partition(":")[0]
    return f"{bare}:{port}" if port and port != DEFAULT_PORTS.get(scheme) else bare
