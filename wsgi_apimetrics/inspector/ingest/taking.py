"""The addresses that SDKs send to, and what becomes of a request to one of them.

It answers as the vendors' servers do, so that an SDK goes on as if it were at home. Any key is
good: it is not looked at. What is no exchange is refused, with the reason in the answer.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from ... import jsonline
from ...exceptions import ApiMetricsError, MissingExtraError
from ...exchange import Exchange
from ...store import Writer
from . import account, messages, readme, spans

MAX_BYTES = 64 * 1024 * 1024
"""How large a request may be, packed and unpacked."""

_NOT_UNDERSTOOD = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
)
_INDEX_SECONDS = 0.05
_TRACES_ALONE = "traces are kept, logs and metrics are not"
"""For an SDK that sends all three to one address: a warning, not an error that it tries again."""

_ROUTES = Map(
    [
        Rule("/v1/request", methods=["POST"], endpoint="readme"),
        Rule("/request", methods=["POST"], endpoint="readme"),
        Rule("/api/v1", methods=["GET"], endpoint="project", strict_slashes=False),
        Rule("/api/client_metadata", methods=["GET"], endpoint="metadata"),
        Rule(
            "/v1/projects/<_project>/topics/<_topic>:publish", methods=["POST"], endpoint="publish"
        ),
        Rule("/v1/traces", methods=["POST"], endpoint="traces"),
        Rule("/v1/logs", methods=["POST"], endpoint="other signals"),
        Rule("/v1/metrics", methods=["POST"], endpoint="other signals"),
    ]
)


class Ingest:
    """Takes what SDKs send into the store at ``path``; nothing is opened before the first."""

    def __init__(self, path: Path) -> None:
        self._writer = Writer(path)
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Response | None:
        """Answer an SDK's request; ``None`` for any other."""
        urls = _ROUTES.bind("inspector", url_scheme="http")
        try:
            endpoint, _ = urls.match(request.path, request.method)
        except HTTPException:
            return None
        try:
            return self._taken(endpoint, request)
        except MissingExtraError as error:
            return Response(str(error), 501)
        except RequestEntityTooLarge:
            return Response(f"more than {MAX_BYTES} bytes", 413)
        except _NOT_UNDERSTOOD as error:
            return Response(f"not understood: {type(error).__name__}: {error}", 400)
        except (ApiMetricsError, sqlite3.OperationalError, OSError) as error:
            return Response(f"not kept: {error}", 503)

    def close(self) -> None:
        """Close the store."""
        self._writer.close()

    def _taken(self, endpoint: str, request: Request) -> Response:
        if endpoint == "project":
            return _json({"name": "inspector", "baseUrl": request.root_url.rstrip("/")})
        if endpoint == "metadata":
            return _json(account.metadata(request.root_url))
        content = _content(request)
        if endpoint == "readme":
            self._keep(readme.exchanges(json.loads(content)))
            return Response(status=202)
        if endpoint == "publish":
            found = messages.exchanges(json.loads(content))
            self._keep(found)
            return _json({"messageIds": [exchange.id for exchange in found]})
        is_json = request.mimetype == "application/json"
        if endpoint == "traces":
            self._keep(spans.exchanges(content, is_json=is_json))
        return _otlp("" if endpoint == "traces" else _TRACES_ALONE, is_json=is_json)

    def _keep(self, exchanges: Iterable[Exchange]) -> None:
        """Keep exchanges, and the full-text index up to date with them."""
        lines = [jsonline.dumps(exchange) for exchange in exchanges]
        with self._lock:
            self._writer.append(lines)
            self._writer.index(_INDEX_SECONDS)
            self._writer.prune(_INDEX_SECONDS)


def _otlp(warning: str, *, is_json: bool) -> Response:
    """A success; with a warning a partial one, of which nothing was rejected.

    The fields have the same numbers for every signal.
    """
    if is_json:
        return _json({"partialSuccess": {"errorMessage": warning}} if warning else {})
    content = b""
    if warning:
        text = warning.encode()
        content = bytes([0x0A, len(text) + 2, 0x12, len(text)]) + text
    return Response(content, mimetype="application/x-protobuf")


def _json(value: Any) -> Response:
    return Response(json.dumps(value), mimetype="application/json")


def _content(request: Request) -> bytes:
    """Return the body, unpacked; a bomb is stopped at the bound."""
    request.max_content_length = MAX_BYTES
    content = request.get_data(cache=False)
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding in {"identity", ""}:
        return content
    if coding == "gzip":
        content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MAX_BYTES + 1)
    elif coding == "deflate":
        content = zlib.decompressobj().decompress(content, MAX_BYTES + 1)
    else:
        raise ValueError(f"Content-Encoding: {coding[:40]!r}")
    if len(content) > MAX_BYTES:
        raise RequestEntityTooLarge
    return content
