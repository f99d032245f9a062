"""What is kept of an environ, taken when the request comes in.

Frameworks and dispatchers change PATH_INFO, SCRIPT_NAME and more in place, and an environ
holds sockets, streams and whole applications alive: so texts are copied, at once, and nothing
else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_MOST_LEARNED = 100
"""So that an app that puts objects under ever new keys cannot grow the list."""
_LONGEST = 1024
"""Characters kept of a CGI variable that is neither a path nor the query: all are short."""
_OF_THE_URL = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
_DESCRIBING = frozenset({"content-type", "content-length", "content-encoding"})
"""The headers that tell how to read a body, and whether it is left out."""
_FIRST = ("HTTP_HOST", "HTTP_USER_AGENT", "HTTP_AUTHORIZATION", "HTTP_TRACEPARENT")


class Snapshot:
    """Takes the texts out of environs.

    A server puts its objects under the same few keys in every request: they are learned, so
    that the texts of the next environ are a copy without those keys. Joining the values is
    the quickest proof that nothing but text is left, and tells how much of it there is.
    """

    def __init__(self, policy: CapturePolicy) -> None:
        self._policy = policy
        self._most = min(policy.max_header_bytes, policy.max_url_bytes)
        self._objects: tuple[str, ...] = ()

    def __call__(self, environ: Mapping[str, Any]) -> tuple[dict[str, str], int]:
        """Return the texts of ``environ``, and how many characters they have together.

        No other object of the environ is referred to. What exceeds the policy's bounds is
        cut.
        """
        texts = dict(environ)
        try:
            for name in self._objects:
                del texts[name]
        except KeyError:  # one of the keys is not in every environ
            for name in self._objects:
                texts.pop(name, None)
        try:
            size = len("".join(texts.values()))
        except TypeError:
            texts = self._learn(environ)
            size = sum(map(len, texts.values()))
        if size > self._most or len(texts) > self._policy.max_headers:
            texts = _bounded(texts, self._policy)
            size = sum(map(len, texts.values()))
        return texts, size

    def _learn(self, environ: Mapping[str, Any]) -> dict[str, str]:
        texts = {name: value for name, value in environ.items() if isinstance(value, str)}
        others = [name for name in environ if name not in texts and not _is_of_the_request(name)]
        objects = dict.fromkeys((*self._objects, *others))
        if len(objects) <= _MOST_LEARNED:
            self._objects = tuple(objects)
        return texts


def _is_of_the_request(name: str) -> bool:
    """Whether a text under ``name`` would be missed: it is never learned to be an object."""
    return name in _CGI or name.startswith("HTTP_")


def _bounded(texts: dict[str, str], policy: CapturePolicy) -> dict[str, str]:
    """Keep the CGI variables, and headers in their order as long as there is room."""
    longest: dict[str, int] = dict.fromkeys(_OF_THE_URL, policy.max_url_bytes)
    kept = {name: texts[name][: longest.get(name, _LONGEST)] for name in _CGI if name in texts}
    if len(texts.get("QUERY_STRING", "")) > policy.max_url_bytes:
        # Whole parameters only: a half one misleads.
        kept["QUERY_STRING"] = kept["QUERY_STRING"].rpartition("&")[0]
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


def bounded_headers(
    headers: Sequence[tuple[str, str]], policy: CapturePolicy
) -> list[tuple[str, str]]:
    """Return as many of the response's headers, in their order, as the policy has room for.

    Those that describe the body find room before the others.
    """
    kept: list[int] = []
    room = policy.max_header_bytes
    for index in sorted(
        range(len(headers)), key=lambda i: headers[i][0].lower() not in _DESCRIBING
    ):
        name, value = headers[index]
        room -= len(name) + len(value)
        if room < 0 or len(kept) == policy.max_headers:
            break
        kept.append(index)
    return [headers[index] for index in sorted(kept)]
