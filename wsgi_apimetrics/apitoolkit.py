"""The names of APIToolkit's own Flask package: change the import line, nothing else.

::

    from wsgi_apimetrics.apitoolkit import APIToolkit, observe_request, report_error

    apitoolkit = APIToolkit(api_key="...", debug=True)

    @app.before_request
    def before_request():
        apitoolkit.beforeRequest()

    @app.after_request
    def after_request(response):
        apitoolkit.afterRequest(response)
        return response

New code is better off with :class:`~wsgi_apimetrics.ApiMetricsMiddleware` and
:class:`~wsgi_apimetrics.APIToolkit`, which see what happens after Flask's own functions too.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .backends.apitoolkit import APIToolkit as _Backend
from .errors import report_error as _report_error
from .exceptions import MissingExtraError
from .middleware import ApiMetricsMiddleware

try:
    import flask
except ModuleNotFoundError as missing:
    raise MissingExtraError("wsgi_apimetrics.apitoolkit", "flask") from missing

if TYPE_CHECKING:
    import httpx

    from .capture.capture import Capture

__all__ = ["APIToolkit", "observe_request", "report_error"]

_CAPTURE_KEY = "wsgi_apimetrics.apitoolkit"
_KEY_VARIABLE = "WSGI_APIMETRICS_APITOOLKIT_API_KEY"
_LOGGER = logging.getLogger("wsgi_apimetrics")


class APIToolkit:
    """APIToolkit's class for Flask, by its own parameters.

    Args:
        api_key: The project's key. If it is empty the environment's is taken,
            ``WSGI_APIMETRICS_APITOOLKIT_API_KEY``; if there is none either, one warning is
            logged and nothing is recorded.
        root_url: Where APIToolkit is, by default where the vendor has it.
        redact_headers: Headers whose values are not sent.
        redact_request_body: JSONPath expressions of what is not sent of requests.
        redact_response_body: The same for responses.
        debug: Whether to log what is sent, redacted, and what comes back.
        service_version: The app's version.
        tags: Words to put on everything that is sent.
        options: Any option of :class:`wsgi_apimetrics.APIToolkit`.

    Raises:
        ConfigurationError: an option is wrong.
    """

    def __init__(
        self,
        api_key: str = "",
        root_url: str | None = None,
        redact_headers: Iterable[str] | None = None,
        redact_request_body: Iterable[str] | None = None,
        redact_response_body: Iterable[str] | None = None,
        debug: bool = False,
        service_version: str | None = None,
        tags: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        given = {
            "api_key": api_key or None,
            "root_url": root_url or None,
            "redact_headers": redact_headers,
            "redact_request_body": redact_request_body,
            "redact_response_body": redact_response_body,
            "debug": debug,
            "service_version": service_version,
            "tags": tags,
        }
        options.update({name: value for name, value in given.items() if value is not None})
        backend = _Backend(**options)
        if not api_key and not os.environ.get(_KEY_VARIABLE, "").strip():
            _LOGGER.warning(
                "APIToolkit: api_key is empty and %s is not set: nothing is recorded", _KEY_VARIABLE
            )
            self.middleware: ApiMetricsMiddleware | None = None
            return
        self.middleware = ApiMetricsMiddleware(_no_app, backend)
        flask.request_tearing_down.connect(self._torn_down)

    def beforeRequest(self) -> None:  # noqa: N802 - the vendor's name
        """Begin to record the current request; for ``app.before_request``."""
        if self.middleware is None:
            return
        environ = flask.request.environ
        capture = self.middleware.begin(environ, _started)
        if capture is not None:
            environ[_CAPTURE_KEY] = self, capture

    def afterRequest(self, response: flask.Response) -> flask.Response:  # noqa: N802 - the same
        """Record ``response`` as it is sent; for ``app.after_request``.

        A response that is streamed stays so: it is recorded chunk by chunk, as the server
        takes it.

        Returns:
            ``response``.
        """
        capture = self._taken()
        if capture is not None:
            capture.start_response(response.status, response.headers.to_wsgi_list())
            if response.direct_passthrough:
                response.response = capture.result(response.response)
            elif response.is_sequence:
                capture.result(list(response.iter_encoded()))
            else:
                response.response = capture.result(_Encoded(response.response))
        return response

    def handle_error(self, error: BaseException) -> None:
        """Report an exception with the current request; for ``app.errorhandler``."""
        _report_error(error)

    def _taken(self) -> Capture | None:
        """Take this object's capture of the current request, if there is one."""
        environ = flask.request.environ
        owner, capture = environ.get(_CAPTURE_KEY, (None, None))
        if owner is not self:
            return None  # of another app's APIToolkit, or not recorded
        del environ[_CAPTURE_KEY]
        taken: Capture = capture
        return taken

    def _torn_down(self, _app: Any, exc: BaseException | None = None, **_: Any) -> None:
        """End a request that has no response: its exception left the app."""
        capture = self._taken() if flask.has_request_context() else None
        if capture is not None:
            if exc is not None:
                capture.failed(exc)
            capture.finish()


def observe_request(
    request: object = None,
    url_wildcard: str | None = None,
    redact_headers: Iterable[str] = (),
    redact_request_body: Iterable[str] = (),
    redact_response_body: Iterable[str] = (),
) -> httpx.Client:
    """Return an HTTPX client whose calls are recorded, by the vendor's parameters.

    See :func:`wsgi_apimetrics.outgoing.observe_request`.
    """
    from .outgoing import observe_request as observe

    return observe(
        request,
        url_wildcard=url_wildcard,
        redact_headers=tuple(redact_headers),
        redact_request_body=tuple(redact_request_body),
        redact_response_body=tuple(redact_response_body),
    )


def report_error(request: object, error: BaseException) -> None:
    """Report an error that the app has dealt with.

    See :func:`wsgi_apimetrics.report_error`.
    """
    _report_error(request, error)


class _Encoded:
    """A response's chunks as bytes, for a view may stream text; closed with what it is of."""

    def __init__(self, chunks: Iterable[Any]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            yield chunk.encode() if isinstance(chunk, str) else chunk

    def close(self) -> None:
        """Close the chunks, if they can be closed."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()


def _no_app(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    raise NotImplementedError  # the middleware wraps nothing here: Flask calls our functions


def _started(*_: Any) -> None:
    """Stand in for the server's ``start_response``: Flask calls that one."""
