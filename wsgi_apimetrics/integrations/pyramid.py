"""Pyramid: ``config.include("wsgi_apimetrics.integrations.pyramid")``.

The options are the settings that begin with ``wsgi_apimetrics.``, as text in the ini file or
as objects in Python::

    wsgi_apimetrics.backends = readme
    wsgi_apimetrics.api_key_env = README_API_KEY
    wsgi_apimetrics.grouping_function = myapp.metrics.who

Including it is enough: the app that ``config.make_wsgi_app()`` makes records its exchanges,
below every WSGI filter around it. Where a filter or a middleware around the app records
already, that one goes on, and this tells it the routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..capture.route import FRAMEWORK_KEY, PATH_PARAMS_KEY, ROUTE_KEY, mounted
from ..current import RECORD_KEY
from ..declared import declared
from ..errors import report_error
from ..exceptions import MissingExtraError
from ..grouping import REQUEST_KEY

try:
    from pyramid.events import ApplicationCreated
    from pyramid.interfaces import IResponse
    from pyramid.tweens import EXCVIEW
except ModuleNotFoundError as missing:
    raise MissingExtraError("the Pyramid integration", "pyramid") from missing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "wsgi_apimetrics."
REGISTERED = "wsgi_apimetrics"
"""``config.registry[REGISTERED]`` is the app's :class:`ApiMetricsMiddleware`."""


def includeme(config: Any) -> None:
    """Have the app record its exchanges; called by ``config.include``.

    What is wrong with a setting is raised by ``config.make_wsgi_app()``, as a
    :class:`~wsgi_apimetrics.exceptions.ConfigurationError`.
    """
    config.add_tween(f"{__name__}.tween_factory", under=EXCVIEW)
    config.add_subscriber(_wrap, ApplicationCreated)


def tween_factory(handler: Callable[[Any], Any], _registry: Any) -> Callable[[Any], Any]:
    """Make the tween that tells the route, the request and the errors.

    It stands under the one that calls exception views, and so sees what they deal with.
    """

    def tween(request: Any) -> Any:
        environ = request.environ
        environ[FRAMEWORK_KEY] = "pyramid"
        environ[REQUEST_KEY] = request
        try:
            return handler(request)
        except Exception as error:
            if not IResponse.providedBy(error):  # HTTPNotFound and its like are responses
                report_error(environ, error)
            raise
        finally:
            route = getattr(request, "matched_route", None)
            if route is not None:
                environ[ROUTE_KEY] = mounted(environ, route.pattern)
                environ[PATH_PARAMS_KEY] = request.matchdict

    return tween


def _wrap(event: Any) -> None:
    """Record around the execution policy, whichever the app has.

    The router calls the policy with the environ, and what it answers with the environ and
    ``start_response``: an answer that has not begun yet is an app to be wrapped.
    """
    router = event.app
    policy = router.execution_policy

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        return policy(environ, router)(environ, start_response)

    settings = router.registry.settings
    options = {
        name[len(PREFIX) :]: value for name, value in settings.items() if name.startswith(PREFIX)
    }
    middleware = declared(app, options, f"settings {PREFIX}*")

    def recording(environ: WSGIEnvironment, router: Any) -> Any:
        return policy(environ, router) if environ.get(RECORD_KEY) is not None else middleware

    router.execution_policy = recording
    router.registry[REGISTERED] = middleware
