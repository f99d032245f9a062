"""Django, served by WSGI: a middleware class, and the wrapped ``application``.

In ``wsgi.py``::

    from wsgi_apimetrics.integrations.django import get_wsgi_application

    application = get_wsgi_application()

and in the settings::

    MIDDLEWARE = ["wsgi_apimetrics.integrations.django.RouteMiddleware", ...]
    WSGI_APIMETRICS = {"backends": "readme", "api_key": "...", "grouping_function": "myapp.who"}

Django leaves nothing in the environ; ``request.META`` is the environ, so the middleware class
leaves there what it knows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from ..backends.base import Backend
from ..capture.route import FRAMEWORK_KEY, PATH_PARAMS_KEY, ROUTE_KEY, mounted
from ..declared import declared
from ..errors import report_error
from ..exceptions import MissingExtraError
from ..grouping import REQUEST_KEY
from ..middleware import ApiMetricsMiddleware

try:
    from django.core.signals import got_request_exception
except ModuleNotFoundError as missing:
    raise MissingExtraError("the Django integration", "django") from missing

SETTING = "WSGI_APIMETRICS"


def get_wsgi_application(*backends: Backend, **options: Any) -> ApiMetricsMiddleware:
    """Set Django up and return its WSGI application, wrapped; see :func:`wrap`."""
    from django.core.wsgi import get_wsgi_application as django_application

    return wrap(django_application(), *backends, **options)


def wrap(
    application: Callable[..., Any], *backends: Backend, **options: Any
) -> ApiMetricsMiddleware:
    """Wrap Django's ``application``.

    Args:
        application: What ``get_wsgi_application()`` returned.
        backends: Where the exchanges go; none means those that the settings name.
        options: Any option; the setting ``WSGI_APIMETRICS``, a dict, may hold more of them.

    Raises:
        ConfigurationError: an option is wrong.
    """
    from django.conf import settings

    given = {**(getattr(settings, SETTING, None) or {}), **options}
    if backends:
        given["backends"] = backends
    return declared(application, given, f"setting {SETTING}")


class RouteMiddleware:
    """Tells the route of each request; best the first in ``MIDDLEWARE``."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response
        got_request_exception.connect(_report, dispatch_uid="wsgi_apimetrics")

    def __call__(self, request: Any) -> Any:
        """Leave Django's request for the grouping function."""
        request.META[FRAMEWORK_KEY] = "django"
        request.META[REQUEST_KEY] = request
        return self._get_response(request)

    def process_view(
        self, request: Any, _view: Callable[..., Any], _args: Any, params: dict[str, Any]
    ) -> None:
        """Leave the matched route; Django calls this as soon as one matched."""
        match = request.resolver_match
        if match is not None and match.route is not None:
            request.META[ROUTE_KEY] = mounted(request.META, _readable(match.route))
            request.META[PATH_PARAMS_KEY] = params


def _report(request: Any = None, **_: Any) -> None:
    """Report what Django turns into a 500; its signal is sent while it is being handled."""
    error = sys.exc_info()[1]
    if error is not None and request is not None:
        report_error(request, error)


def _readable(route: str) -> str:
    r"""Return the template of a route that ``re_path`` made of regular expressions.

    >>> _readable(r"api/^users/(?P<id>[0-9]+)/\Z")
    'api/users/<id>/'
    >>> _readable("users/<int:id>/")
    'users/<int:id>/'
    """
    if not any(mark in route for mark in ("^", "(", "$", "\\")):
        return route
    from django.contrib.admindocs.utils import replace_named_groups, replace_unnamed_groups

    named = replace_unnamed_groups(replace_named_groups(route))
    return re.sub(r"\\[AbBZ]|[\^$?]", "", named)
