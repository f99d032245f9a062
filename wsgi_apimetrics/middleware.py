"""The WSGI callable: the only file that knows the order of a request.

Wrap any app with it::

    app.wsgi_app = ApiMetricsMiddleware(app.wsgi_app, ReadMe(api_key="...", grouping_function=who))

Building it finds every mistake in the options, and starts nothing: no thread, no connection,
no file. Nothing that belongs to one request is kept on it.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .capture.body import InputRecorder
from .capture.capture import Capture, Hooks
from .capture.input import tee_input
from .capture.record import RawExchange
from .capture.snapshot import Snapshot
from .config import compose
from .current import RECORD_KEY
from .exceptions import ConfigurationError
from .grouping import Grouping
from .handled import follow_flask
from .notices import Notices
from .observed import announce
from .recorder import Lane, Recorder
from .stats import BackendStats, DropReason

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from typing_extensions import Unpack

    from .backends.base import Backend, Parts
    from .capture.policy import CapturePolicy
    from .delivery.submission import Captured
    from .hosts import AllowedHosts
    from .typing import MiddlewareOptions

ID_KEY = "wsgi_apimetrics.id"

_UNCAPTURED_METHODS = frozenset({"OPTIONS", "CONNECT"})


class ApiMetricsMiddleware:
    """Wraps a WSGI app and records its exchanges.

    Args:
        app: The app to wrap.
        backends: Where the exchanges go; none means a local store.
        options: Any option by name; what is given here holds for every backend.

    Raises:
        ConfigurationError: an option is unknown or its value wrong, or the app can't be called.
    """

    def __init__(
        self, app: WSGIApplication, *backends: Backend, **options: Unpack[MiddlewareOptions]
    ) -> None:
        if not callable(app):
            raise ConfigurationError(
                f"ApiMetricsMiddleware: the app must be a WSGI callable, not {app!r}"
            )
        settings = compose(backends, options, os.environ)
        self.app = app
        self.recorder = Recorder(
            [
                Lane(
                    parts,
                    settings.group_index(parts),
                    _own_hosts(parts, settings.hosts, settings.capture.trusted_proxies),
                )
                for parts in settings.parts
            ]
        )
        self._policy = settings.capture
        self._hosts = settings.hosts
        self._excluded_path = _any_glob(settings.capture.exclude_paths)
        self._excluded_type = _any_glob(settings.capture.exclude_content_types, re.IGNORECASE)
        self._snapshot = Snapshot(settings.capture)
        self._notices = Notices("middleware")
        self._hooks = Hooks(
            finished=self._finished,
            failed=self._notices.failed,
            groups=Grouping(settings.functions, self._notices),
            groups_early=bool(settings.functions),
            response_header=self.recorder.response_header if self.recorder.has_headers else None,
            leaves_out=self._leaves_out if settings.capture.exclude_content_types else None,
        )
        announce(self, settings.capture)
        if settings.capture.enabled:
            follow_flask()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request as the app does, and record it."""
        capture = self.begin(environ, start_response)
        if capture is None:
            return self.app(environ, start_response)
        try:
            app_iter = self.app(environ, capture.start_response)
        except BaseException as error:
            capture.failed(error)
            capture.finish()
            raise
        return capture.result(app_iter)  # type: ignore[no-any-return]

    def flush(self, timeout: float = 5.0) -> bool:
        """Send what is held, waiting at most ``timeout`` seconds.

        Returns:
            Whether everything that was captured before this call went out.
        """
        return self.recorder.flush(timeout)

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Flush and stop the workers; done at exit by itself, and harmless if repeated.

        Returns:
            Whether everything went out.
        """
        return self.recorder.shutdown(timeout)

    def stats(self) -> dict[str, BackendStats]:
        """Return what happened so far, by backend."""
        return self.recorder.stats()

    @property
    def capture_policy(self) -> CapturePolicy:
        """What is captured."""
        return self._policy

    @property
    def observes_calls(self) -> bool:
        """Whether there is a backend that takes outgoing calls."""
        return self._policy.enabled and self.recorder.takes_outgoing

    def take_call(self, call: Captured) -> None:
        """Take a finished outgoing call."""
        self.recorder.record_outgoing(call)

    def begin(self, environ: Any, start_response: Any) -> Capture | None:
        """Take the snapshot and put the tees in place; ``None``: this request is not captured."""
        try:
            if self._passes_by(environ):
                return None
            policy = self._policy
            raw = RawExchange(*self._snapshot(environ), policy)
            if policy.capture_request_body and not (
                self._excluded_type and self._is_excluded(environ.get("CONTENT_TYPE", ""))
            ):
                raw.received = InputRecorder(policy.max_body_bytes)
                environ["wsgi.input"] = tee_input(environ["wsgi.input"], raw.received)
            environ[ID_KEY] = raw.id
            environ[RECORD_KEY] = raw
            return Capture(environ, start_response, raw, self._hooks)
        except Exception as error:
            self._notices.failed("begin", error)
            self.recorder.drop(DropReason.CAPTURE_FAILED)
            return None

    def _passes_by(self, environ: Mapping[str, Any]) -> bool:
        """Whether a request goes to the app as it came, its stream untouched."""
        if not self._policy.enabled or environ["REQUEST_METHOD"] in _UNCAPTURED_METHODS:
            return True
        if "HTTP_UPGRADE" in environ or "wsgi.websocket" in environ:
            return True
        if self._excluded_path is not None and self._excluded_path(
            environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        ):
            return True
        outer = environ.get(RECORD_KEY)
        if outer is not None and not outer.ended:
            self._notices.once(
                "nested",
                "the app is wrapped twice: the inner ApiMetricsMiddleware records nothing",
            )
            return True
        return self._hosts is not None and environ not in self._hosts

    def _finished(self, raw: RawExchange) -> None:
        if raw.skipped:
            self.recorder.drop(DropReason.SKIPPED)
            return
        raw.seal()
        self.recorder.record(raw)

    def _leaves_out(self, headers: Sequence[tuple[str, str]]) -> bool:
        return any(
            self._is_excluded(value) for name, value in headers if name.lower() == "content-type"
        )

    def _is_excluded(self, content_type: str) -> bool:
        media_type = content_type.partition(";")[0].strip()
        return self._excluded_type is not None and bool(self._excluded_type(media_type))


def middleware_below(app: Any) -> ApiMetricsMiddleware | None:
    """Return the middleware at or below ``app``, as other middleware keeps its app; or ``None``."""
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        if isinstance(app, ApiMetricsMiddleware):
            return app
        seen.add(id(app))
        app = getattr(app, "wsgi_app", None) or getattr(app, "app", None)
    return None


def _any_glob(globs: Iterable[str] | None, flags: int = 0) -> Any:
    """Return a function that tells whether a text matches any of the globs."""
    if not globs:
        return None
    # An environ's texts are bytes read as latin-1: PEP 3333, "Unicode Issues".
    as_in_environ = [glob.encode("utf-8", "surrogatepass").decode("latin-1") for glob in globs]
    return re.compile("|".join(map(fnmatch.translate, as_in_environ)), flags).match


def _own_hosts(
    parts: Parts, common: AllowedHosts | None, trusted_proxies: int
) -> AllowedHosts | None:
    """A backend's allowed hosts, where they are fewer than what is captured."""
    if parts.selection.allowed_http_hosts is None:
        return None
    from .hosts import AllowedHosts

    own = AllowedHosts(parts.selection.allowed_http_hosts, trusted_proxies)
    return None if common is not None and own.entries == common.entries else own
