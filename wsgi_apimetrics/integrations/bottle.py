"""Bottle: wrap the app, or install the plugin.

::

    app = bottle.Bottle()
    app.install(ApiMetricsPlugin(ReadMe(api_key="...", grouping_function=who)))

Bottle leaves its route in the environ, so wrapping the app by hand records the same. The
plugin wraps ``app.wsgi``, so ``app.run()`` and ``app`` itself are recorded; install it in the
outermost app: a Bottle app that is mounted in another is never called itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backends.base import Backend
from ..declared import declared
from ..errors import report_error
from ..exceptions import MissingExtraError
from ..middleware import ApiMetricsMiddleware

try:
    from bottle import HTTPResponse, RouteReset, request
except ModuleNotFoundError as missing:
    raise MissingExtraError("the Bottle integration", "bottle") from missing


class ApiMetricsPlugin:
    """Records the exchanges of a Bottle app.

    Args:
        backends: Where the exchanges go.
        options: Any option of the middleware, or of a backend as ``"readme.api_key"``.

    Attributes:
        middleware: The middleware, once the plugin is installed.
    """

    name = "wsgi_apimetrics"
    api = 2

    def __init__(self, *backends: Backend, **options: Any) -> None:
        self._options = {**options, "backends": backends} if backends else options
        self.middleware: ApiMetricsMiddleware | None = None

    def setup(self, app: Any) -> None:
        """Wrap the app's WSGI callable; Bottle calls this as the plugin is installed.

        Raises:
            ConfigurationError: an option is wrong.
        """
        self.middleware = declared(app.wsgi, self._options, "ApiMetricsPlugin")
        app.wsgi = self.middleware

    def apply(self, callback: Callable[..., Any], _route: Any) -> Callable[..., Any]:
        """Report what a handler raises before Bottle turns it into a response."""

        def reporting(*args: Any, **params: Any) -> Any:
            try:
                return callback(*args, **params)
            except (HTTPResponse, RouteReset):
                raise
            except Exception as error:
                report_error(request.environ, error)
                raise

        return reporting
