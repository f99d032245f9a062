"""The WSGI app: a request through the gate, to a page, out with the headers.

It opens nothing at construction; the store is opened for each request and closed after it, so
that it may be mounted in any process model, at any path (SCRIPT_NAME, PEP 3333).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from ..exceptions import ConfigurationError, StoreError
from ..hosts import AllowedHosts
from ..options import ENV_PREFIX
from ..store import Store, default_path
from .context import Context, Source
from .gate import HEADERS, LOOPBACK, TOKEN, Check, Gate
from .ingest import Ingest
from .rendering import page
from .routes import ROUTES
from .static_files import static
from .streams import Streams

INGESTED = "/ingested"
"""Where the pages of the ingested store are, below the inspector."""

_SKIP = "wsgi_apimetrics.skip"


class Inspector:
    """Show the store at ``path``.

    Args:
        path: The store; by default the one that :class:`~wsgi_apimetrics.Local` writes.
        token: What a visitor must bring once, as ``?token=``; kept from then on in a cookie.
        check: Instead of a token: the app's own check, asked with every request's environ.
        allowed_hosts: The host names that it answers to, with or without a port; by default
            loopback's.
        ingest: A store of its own for what SDKs send; ``None``: nothing is taken.
        streams: How many pages, in each process, may follow the store by a stream that stays
            open. Each keeps one of the server's threads meanwhile; a server that has none is
            left alone. By default pages ask once a second.

    Raises:
        ConfigurationError: neither a token nor a check, or a token that can be guessed.

    >>> Inspector("/tmp/shop.sqlite", check=lambda environ: "admin" in environ)
    Inspector('/tmp/shop.sqlite')
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
        check: Check | None = None,
        allowed_hosts: Sequence[str] = LOOPBACK,
        ingest: str | os.PathLike[str] | None = None,
        streams: int = 0,
    ) -> None:
        if (token is None) == (check is None):
            raise ConfigurationError(
                "Inspector: give a token, or a check of the app's own that says who may look"
            )
        if token is not None and len(token) < 16:
            raise ConfigurationError("Inspector: token: at least 16 characters, made at random")
        self._captured = Source(
            _written_by_local() if path is None else Path(path).expanduser(), ""
        )
        self._gate = Gate(token, check, AllowedHosts(allowed_hosts))
        self._ingest = self._ingested = None
        if ingest is not None:
            self._ingested = Source(Path(ingest).expanduser(), INGESTED)
            self._ingest = Ingest(self._ingested.path)
        self._streams = Streams(streams)

    def __repr__(self) -> str:
        return f"Inspector({str(self._captured.path)!r})"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request; it is never recorded, even inside a wrapped app."""
        environ[_SKIP] = True
        request = Request(environ)
        response = self._answer(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response(environ, start_response)

    def close(self) -> None:
        """End the streams, and close the ingested store. May be called more than once."""
        self._streams.close()
        if self._ingest is not None:
            self._ingest.close()

    def _answer(self, request: Request) -> Response:
        refusal = self._gate.refusal(request)
        if refusal is not None:
            return page("refused.html", None, refusal.status, refusal=refusal, request=request)
        taken = None if self._ingest is None else self._ingest.answer(request)
        if taken is not None:
            return taken
        return self._shown(request)

    def _shown(self, request: Request) -> Response:
        """Answer what is not for the ingest: nothing here changes anything."""
        if request.method not in {"GET", "HEAD"}:
            return Response("read-only", 405, {"Allow": "GET, HEAD"})
        if TOKEN in request.args:
            return self._let_in(request)
        if request.root_path and not request.environ.get("PATH_INFO"):
            # The cookie is for what is below the mount point, not for it without its slash.
            query = request.query_string.decode("latin-1")
            return redirect(f"{request.root_path}/" + (f"?{query}" if query else ""), 308)
        if request.path.startswith("/static/"):
            return static(request)
        if not self._gate.admits(request):
            return page("locked.html", None, 401, request=request)
        return self._page(request)

    def _let_in(self, request: Request) -> Response:
        """Take the token out of the address bar, the history and the Referer."""
        rest = [(name, value) for name, value in request.args.items(multi=True) if name != TOKEN]
        target = request.root_path + request.path + (f"?{urlencode(rest)}" if rest else "")
        response = redirect(target, 303)
        if self._gate.exchange(request, response):
            return response
        return page("locked.html", None, 401, request=request)

    def _page(self, request: Request) -> Response:
        source, path = self._captured, request.path
        if self._ingested is not None and f"{path}/".startswith(f"{INGESTED}/"):
            source, path = self._ingested, path[len(INGESTED) :] or "/"
        context = Context(request, source, self._ingested is not None, self._streams)
        urls = ROUTES.bind("inspector", url_scheme="http")
        try:
            view, arguments = urls.match(path, "GET")
            with Store(source.path) as store:
                return view(context.opened(store), **arguments)  # type: ignore[no-any-return]
        except StoreError as error:
            is_there = source.path.exists() and source.path.stat().st_size > 0
            return page("no_store.html", context, 503, error=str(error), is_there=is_there)
        except HTTPException as error:
            return page("error.html", context, error.code or 500, error=error)


def _written_by_local() -> Path:
    """Return the path that ``Local()`` writes to where the app says nothing."""
    given = os.environ.get(f"{ENV_PREFIX}LOCAL_PATH")
    return Path(given).expanduser() if given else default_path()
