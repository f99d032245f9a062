"""Which route matched, as far as the environ tells.

Frameworks leave the matched route there under keys of their own, some only while their
request context lives; so this is asked inside ``start_response`` and again at the end. Where
a framework leaves nothing, an integration (or the app) sets ``wsgi_apimetrics.route`` and
``wsgi_apimetrics.path_params``, which win over everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ROUTE_KEY = "wsgi_apimetrics.route"
PATH_PARAMS_KEY = "wsgi_apimetrics.path_params"
FRAMEWORK_KEY = "wsgi_apimetrics.framework"

Match = tuple[str | None, Mapping[str, Any] | None, str | None]
"""The route's template, its parameters, and the framework's name: each may be unknown."""


def _werkzeug(environ: Mapping[str, Any]) -> Match | None:
    """Flask keeps its request here until its context is popped, then ``None``."""
    request = environ["werkzeug.request"]
    rule = getattr(request, "url_rule", None)
    framework = "flask" if hasattr(type(request), "url_rule") else None
    if rule is None:
        return None, None, framework
    return environ.get("SCRIPT_NAME", "") + rule.rule, request.view_args, framework


def _bottle(environ: Mapping[str, Any]) -> Match | None:
    """Bottle's route shows the whole path, that of a mounted app included."""
    return environ["bottle.route"].rule, environ.get("route.url_args"), "bottle"


def _routes(environ: Mapping[str, Any]) -> Match | None:
    params = environ.get("wsgiorg.routing_args", ((), None))[1]
    return environ["routes.route"].routepath, params, None


def _routing_args(environ: Mapping[str, Any]) -> Match | None:
    """The wsgiorg specification "routing_args": positional and named, no template."""
    return None, environ["wsgiorg.routing_args"][1], None


_READERS: tuple[tuple[str, Callable[[Mapping[str, Any]], Match | None]], ...] = (
    ("werkzeug.request", _werkzeug),
    ("bottle.route", _bottle),
    ("routes.route", _routes),
    ("wsgiorg.routing_args", _routing_args),
)


_KEYS = frozenset((ROUTE_KEY, FRAMEWORK_KEY, *(key for key, _ in _READERS)))


def matched_route(
    environ: Mapping[str, Any], resolver: Callable[[Mapping[str, Any]], Any] | None
) -> Match | None:
    """Return what is known of the matched route now, ``None`` if nothing is."""
    if resolver is None and _KEYS.isdisjoint(environ):
        return None
    route = environ.get(ROUTE_KEY)
    if route is not None:
        return route, environ.get(PATH_PARAMS_KEY), environ.get(FRAMEWORK_KEY)
    if resolver is not None:
        route = resolver(environ)
        if route is not None:
            return str(route), environ.get(PATH_PARAMS_KEY), environ.get(FRAMEWORK_KEY)
    for key, read in _READERS:
        if environ.get(key) is not None:
            return read(environ)
    framework = environ.get(FRAMEWORK_KEY)
    return None if framework is None else (None, None, framework)
