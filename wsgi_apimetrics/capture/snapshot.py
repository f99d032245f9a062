"""What is kept of an environ, taken when the request comes in.

Frameworks and dispatchers change PATH_INFO, SCRIPT_NAME and more in place, and an environ
holds sockets, streams and whole applications alive: so texts are copied, at once, and nothing
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .policy import CapturePolicy

_CGI = frozenset(
    {
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "PATH_INFO",
        "QUERY_STRING",
        "REMOTE_ADDR",
        "REMOTE_PORT",
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "SERVER_SOFTWARE",
        "wsgi.url_scheme",
    }
)
_URL = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
_FIRST = ("HTTP_HOST", "HTTP_USER_AGENT", "HTTP_AUTHORIZATION", "HTTP_TRACEPARENT")


def snapshot(environ: Mapping[str, Any], policy: CapturePolicy) -> dict[str, str]:
    """Return the texts of ``environ``, cut to the policy's bounds if they exceed them."""
    texts = {name: value for name, value in environ.items() if value.__class__ is str}
    size = sum(map(len, texts.values()))
    if len(texts) <= policy.max_headers and size <= policy.max_header_bytes:
        if size <= policy.max_url_bytes:
            return texts
        if all(len(texts.get(name, "")) <= policy.max_url_bytes for name in _URL):
            return texts
    return _bounded(texts, policy)


def _bounded(texts: dict[str, str], policy: CapturePolicy) -> dict[str, str]:
    """Keep the CGI variables, and headers in their order as long as there is room."""
    kept = {name: texts[name] for name in _CGI if name in texts}
    for name in ("SCRIPT_NAME", "PATH_INFO"):
        if name in kept:
            kept[name] = kept[name][: policy.max_url_bytes]
    query = kept.get("QUERY_STRING", "")
    if len(query) > policy.max_url_bytes:  # whole parameters only: a half one misleads
        kept["QUERY_STRING"] = query[: policy.max_url_bytes].rpartition("&")[0]
    room = policy.max_header_bytes
    fields = policy.max_headers
    for name in (*_FIRST, *texts):
        if not name.startswith("HTTP_") or name in kept or name not in texts:
            continue
        room -= len(name) + len(texts[name])
        fields -= 1
        if room < 0 or fields < 0:
            break
        kept[name] = texts[name]
    return kept


def bounded_headers(headers: list[tuple[str, str]], policy: CapturePolicy) -> list[tuple[str, str]]:
    """Return a copy of the response headers, cut to the policy's bounds."""
    if len(headers) <= policy.max_headers:
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
        if size <= policy.max_header_bytes:
            return headers[:]
    kept = []
    room = policy.max_header_bytes
    for name, value in headers[: policy.max_headers]:
        room -= len(name) + len(value)
        if room < 0:
            break
        kept.append((name, value))
    return kept
