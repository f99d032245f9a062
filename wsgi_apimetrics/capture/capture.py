"""One request under way: from ``start_response`` to the response's last byte.

Holds the environ while the request runs and lets go of it at the end; what stays is the raw
record, handed to the recorder exactly once. What the app or the server raises passes through;
what fails in here is reported to the guard and never raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter, time
from typing import Any, NamedTuple

from ..current import current
from ..errors import error_record, is_same
from ..reported import ErrorRecord
from .body import BodyRecorder
from .record import GroupOutcome, RawExchange
from .response import ResponseEnd, ResponseTee, hook_close, is_file_result, positional, tee_response
from .route import matched_route

ERRORS_KEY = "wsgi_apimetrics.errors"
GROUP_KEY = "wsgi_apimetrics.group"
SKIP_KEY = "wsgi_apimetrics.skip"


class Hooks(NamedTuple):
    """What a capture asks of the middleware around it.

    Attributes:
        finished: Takes the finished record.
        failed: Takes note of a step of capture that failed.
        groups: Runs the grouping functions, or takes what the app itself said of the caller.
        groups_early: Whether there are grouping functions, which run as the response begins.
        response_header: Returns a header to add to the response, or ``None``; itself ``None``
            if no backend ever has one.
        leaves_out: Whether the body of a response with these headers is left out; ``None`` if
            none ever is.
    """

    finished: Callable[[RawExchange], None]
    failed: Callable[[str, Exception], None]
    groups: Callable[[Mapping[str, Any], RawExchange], tuple[GroupOutcome, ...]]
    groups_early: bool = False
    response_header: Callable[[RawExchange, str], tuple[str, str] | None] | None = None
    leaves_out: Callable[[Sequence[tuple[str, str]]], bool] | None = None


class Capture(ResponseEnd):
    """The state of one request; made when it comes in, over when its response is closed."""

    __slots__ = (
        "_environ",
        "_grouped",
        "_hooks",
        "_previous",
        "_server_start_response",
        "_server_write",
        "raw",
        "sent",
    )

    def __init__(
        self,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
        raw: RawExchange,
        hooks: Hooks,
    ) -> None:
        self.raw = raw
        self.sent = raw.sent = BodyRecorder(
            raw.policy.max_body_bytes if raw.policy.capture_response_body else 0
        )
        self._environ: dict[str, Any] | None = environ
        self._server_start_response = start_response
        self._hooks = hooks
        self._grouped = not hooks.groups_early
        self._previous = current.get()
        current.set(raw)

    # -- the app's side -------------------------------------------------------------------

    def start_response(self, *args: Any, **named: Any) -> Any:
        """Pass the call on as it came, with one header more if there is one to add.

        PEP 3333, "The start_response() Callable": its parameters are positional (an app that
        names them is understood, as by servers), and exc_info is passed on only when the app
        gave one.
        """
        try:
            if named:
                args = positional(args, named)
            if self._hooks.response_header is not None or not self._grouped:
                args = self._try("start_response", self._before_start, args) or args
            write = self._server_start_response(*args)
            self._try("start_response", self._after_start, args)
        finally:
            del args  # exc_info must not be kept: PEP 3333, "Error Handling"
        if write is None:
            return None
        self._server_write = write
        return self.write

    def write(self, data: Any) -> Any:
        """PEP 3333's imperative ``write()``: passed on, then recorded."""
        result = self._server_write(data)
        self.sent.add(data)
        return result

    def result(self, app_iter: Any) -> Any:
        """Return what the server gets for what the app returned."""
        tee = self._try("result", self._tee_for, app_iter)
        return app_iter if tee is None else tee

    def _tee_for(self, app_iter: Any) -> ResponseTee | None:
        """Return what stands in for the app's iterable, ``None`` if nothing does."""
        kind = app_iter.__class__
        if kind is list or kind is tuple:
            add = self.sent.add
            for chunk in app_iter:
                add(chunk)
        elif kind is bytes or kind is str or app_iter is None:
            # Not iterables of bytestrings: uWSGI sends them as they are, others refuse them.
            self.sent.add(app_iter)
        elif is_file_result(app_iter, self._wrapper()):
            self.raw.sent_omitted = "sendfile"
            if hook_close(app_iter, self._file_closed):
                return None
        else:
            return tee_response(app_iter, self.sent, self)
        self.raw.ended = perf_counter()
        self.finish()
        return None

    # -- how it went ----------------------------------------------------------------------

    def exhausted(self) -> None:
        """The last byte has gone to the server."""
        self.raw.ended = perf_counter()

    def failed(self, error: BaseException) -> None:
        """The app raised: recorded once, however often it is seen on its way up."""
        raw = self.raw
        if not raw.ended:  # else the client has the whole response: close() raised
            raw.raised = True
            raw.ended = perf_counter()
        self._try("error", self._note_error, error)

    def finish(self) -> None:
        """Hand the record over; only the first call does anything."""
        environ = self._environ
        if environ is None:
            return
        self._environ = None
        raw = self.raw
        if current.get() is raw:
            outer = self._previous
            # A response that was never closed would be the current one for ever.
            current.set(None if outer is None or getattr(outer, "ended", False) else outer)
        if not raw.ended:
            raw.aborted = True
            raw.ended = perf_counter()
        self._try("the end", self._hand_over, environ)

    def _file_closed(self) -> None:
        self.exhausted()
        self.finish()

    # -- start_response -------------------------------------------------------------------

    def _before_start(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Ask who called while the framework's context is there."""
        environ = self._environ
        if environ is None:
            return args
        hooks = self._hooks
        if not self._grouped:
            self._group(environ)
        if hooks.response_header is None:
            return args
        self._look(environ)
        header = hooks.response_header(self.raw, args[0])
        return args if header is None else (args[0], [*args[1], header], *args[2:])

    def _after_start(self, args: tuple[Any, ...]) -> None:
        status, headers = args[:2]
        raw = self.raw
        raw.status = status if isinstance(status, str) else None  # the server will say so
        if isinstance(headers, (list, tuple)):  # an iterator may be read but once: by the server
            raw.take_headers(headers)
        raw.began = raw.began or perf_counter()
        if self._environ is not None and raw.route is None:
            self._look(self._environ)
        if len(args) > 2 and args[2]:
            self._note_error(args[2][1])
        if self._hooks.leaves_out is not None and self._hooks.leaves_out(raw.response_headers):
            raw.sent_omitted = "policy"
            self.sent.leave_out()

    def _look(self, environ: dict[str, Any]) -> None:
        match = matched_route(environ, self.raw.policy.route_resolver)
        if match is not None:
            raw = self.raw
            raw.route = match[0] or raw.route
            raw.path_params = match[1] or raw.path_params
            raw.framework = match[2] or raw.framework

    def _group(self, environ: dict[str, Any]) -> None:
        self._grouped = True
        self.raw.groups = self._hooks.groups(environ, self.raw)

    def _hand_over(self, environ: dict[str, Any]) -> None:
        try:
            self._last_look(environ)
        finally:
            self._hooks.finished(self.raw)

    def _last_look(self, environ: dict[str, Any]) -> None:
        raw = self.raw
        if SKIP_KEY in environ:
            raw.skipped = bool(environ[SKIP_KEY])
        if environ.get(GROUP_KEY) is not None or not self._grouped:
            self._group(environ)
        if raw.route is None:
            self._look(environ)
        if ERRORS_KEY in environ:
            self._take_errors(environ[ERRORS_KEY])

    def _take_errors(self, left: Any) -> None:
        """Take what the app left as its errors; what is none of them is told after the rest."""
        wrong = []
        for error in [left] if isinstance(left, BaseException) else left:
            if isinstance(error, BaseException):
                self.raw.add_error(error_record(error, time()))
            elif isinstance(error, ErrorRecord):
                self.raw.add_error(error)
            else:
                wrong.append(type(error).__name__)
        if wrong:
            raise TypeError(f"{ERRORS_KEY} holds {', '.join(wrong)}: no exceptions")

    def _note_error(self, error: BaseException) -> None:
        """Record an error once, though it be seen at each step of its way up."""
        record = error_record(error, time())
        if not any(is_same(one, record) for one in self.raw.errors):
            self.raw.add_error(record)

    def _try(self, step: str, function: Callable[[Any], Any], argument: Any) -> Any:
        """The guard around telemetry: whatever fails here must not reach the app."""
        try:
            return function(argument)
        except Exception as error:
            self._hooks.failed(step, error)
            return None

    def _wrapper(self) -> Any:
        return None if self._environ is None else self._environ.get("wsgi.file_wrapper")
