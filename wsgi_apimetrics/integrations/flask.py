"""Flask: ``ApiMetrics(...).init_app(app)``.

::

    metrics = ApiMetrics(ReadMe(api_key="...", grouping_function=who))

    def create_app():
        app = Flask(__name__)
        ...
        return metrics.init_app(app)

Wrapping ``app.wsgi_app`` by hand records the same exchanges. ``init_app`` adds what only
Flask knows: the exceptions that it turns into a response, and the route of a request whose
exception is propagated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ..backends.base import Backend
from ..capture.route import FRAMEWORK_KEY, PATH_PARAMS_KEY, ROUTE_KEY, mounted
from ..declared import declared
from ..errors import report_error
from ..exceptions import ConfigurationError, MissingExtraError
from ..middleware import ApiMetricsMiddleware

try:
    from flask import Flask, request, request_started
    from werkzeug.exceptions import HTTPException
except ModuleNotFoundError as missing:
    raise MissingExtraError("the Flask integration", "flask") from missing

EXTENSION = "wsgi_apimetrics"
"""``app.extensions[EXTENSION]`` is the app's :class:`ApiMetricsMiddleware`."""

SETTING = "WSGI_APIMETRICS"
"""``app.config[SETTING]`` may hold options by name, over which those given here win."""

App = TypeVar("App", bound=Flask)


class ApiMetrics:
    """Records the exchanges of Flask apps: one instance for any number of them.

    Args:
        backends: Where the exchanges go.
        report_handled: Whether an exception that an error handler of the app answers is
            reported with the exchange, as the unhandled ones are. HTTP exceptions
            (``abort(404)``) are responses, and are never reported.
        options: Any option of the middleware, or of a backend as ``"readme.api_key"``.
    """

    def __init__(self, *backends: Backend, report_handled: bool = True, **options: Any) -> None:
        self._options = {**options, "backends": backends} if backends else options
        self._report_handled = report_handled

    def init_app(self, app: App) -> App:
        """Wrap ``app.wsgi_app`` and return ``app``.

        Raises:
            ConfigurationError: an option is wrong, or the app is wrapped already.
        """
        check_unwrapped(app, "ApiMetrics")
        configured: Mapping[str, Any] = app.config.get(SETTING) or {}
        options = {**configured, **self._options}
        middleware = declared(app.wsgi_app, options, f"ApiMetrics of {app!r}")
        wrap(app, middleware, report_handled=self._report_handled)
        return app


def check_unwrapped(app: Flask, by: str) -> None:
    """Raise ConfigurationError, in the name of ``by``, if ``app`` is wrapped already."""
    if EXTENSION in app.extensions:
        raise ConfigurationError(f"{by}: {app!r} is wrapped already")


def wrap(app: Flask, middleware: ApiMetricsMiddleware, *, report_handled: bool = True) -> None:
    """Put ``middleware``, which is around ``app.wsgi_app``, in its place, with all of Flask's."""
    app.wsgi_app = middleware  # type: ignore[method-assign]
    app.extensions[EXTENSION] = middleware
    request_started.connect(_note_route, app)
    if report_handled:
        _report_handled(app)


def _note_route(_app: Flask, **_: Any) -> None:
    """Note the route while Flask has it: of an exception that leaves the app, nothing stays."""
    environ = request.environ
    environ[FRAMEWORK_KEY] = "flask"
    if request.url_rule is not None:
        environ[ROUTE_KEY] = mounted(environ, request.url_rule.rule)
        environ[PATH_PARAMS_KEY] = request.view_args


def _report_handled(app: Flask) -> None:
    """Report exceptions that an error handler of the app answers.

    Flask has no signal for them; ``handle_user_exception`` is the method that it documents as
    called for each. What it raises again goes on to where the signal is sent.
    """
    handle = app.handle_user_exception

    def handle_user_exception(e: Exception) -> Any:
        answer = handle(e)
        if not isinstance(e, HTTPException):
            report_error(request.environ, e)
        return answer

    app.handle_user_exception = handle_user_exception  # type: ignore[method-assign]
