"""Falcon: a middleware component, and ``init_app`` that adds it and wraps the app.

::

    application = init_app(falcon.App(), ReadMe(api_key="...", grouping_function=who))

Falcon answers an exception itself (status 500), so the server never sees it: it is reported
by Falcon's error reporter. That exists from Falcon 4.4 on; with an older one, what Falcon's
own handler answers is reported, and an error handler of the app's calls
``report_error(req, error)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backends.base import Backend
from ..capture.route import FRAMEWORK_KEY, PATH_PARAMS_KEY, ROUTE_KEY, mounted
from ..declared import declared
from ..errors import report_error
from ..exceptions import MissingExtraError
from ..grouping import REQUEST_KEY
from ..middleware import ApiMetricsMiddleware

try:
    from falcon import HTTPError, HTTPStatus
except ModuleNotFoundError as missing:
    raise MissingExtraError("the Falcon integration", "falcon") from missing

if TYPE_CHECKING:
    import falcon


class RouteComponent:
    """Tells the route of each request: ``falcon.App(middleware=[RouteComponent()])``."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Leave Falcon's request for the grouping function."""
        req.env[FRAMEWORK_KEY] = "falcon"
        req.env[REQUEST_KEY] = req

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, _resource: object, params: dict[str, Any]
    ) -> None:
        """Leave the matched route; Falcon calls this only where one matched."""
        if req.uri_template is not None:
            req.env[ROUTE_KEY] = mounted(req.env, req.uri_template)
            req.env[PATH_PARAMS_KEY] = dict(params)


def init_app(
    app: Any, *backends: Backend, report_errors: bool = True, **options: Any
) -> ApiMetricsMiddleware:
    """Add the component to ``app`` and return it wrapped: the callable to serve.

    Args:
        app: The ``falcon.App``; its own error reporter, if it has one, is called first.
        backends: Where the exchanges go.
        report_errors: Whether the exceptions that Falcon answers are reported.
        options: Any option of the middleware, or of a backend as ``"readme.api_key"``.

    Raises:
        ConfigurationError: an option is wrong.
    """
    given = {**options, "backends": backends} if backends else options
    middleware = declared(app, given, "init_app")
    app.add_middleware(RouteComponent())
    if report_errors:
        _report_errors(app)
    return middleware


def _report_errors(app: Any) -> None:
    if not hasattr(app, "set_error_reporter"):
        _report_unhandled(app)
        return
    before = getattr(app, "_report_error", None)  # Falcon keeps one reporter and shows none

    def report(
        req: falcon.Request, error: Exception, params: dict[str, Any], handled: bool
    ) -> None:
        if before is not None:
            before(req, error, params, handled)
        if not isinstance(error, (HTTPError, HTTPStatus)):
            report_error(req, error)

    app.set_error_reporter(report)


def _report_unhandled(app: Any) -> None:
    """Report what the handler of every other exception gets, and have it go on."""
    handle = getattr(app, "_error_handlers", {}).get(Exception)
    if handle is None:
        return

    def report(
        req: falcon.Request, resp: falcon.Response, ex: Exception, params: dict[str, Any]
    ) -> None:
        report_error(req, ex)
        handle(req, resp, ex, params)

    app.add_error_handler(Exception, report)
