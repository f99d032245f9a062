"""Which route matched, as far as the environ tells.

Frameworks leave the matched route there under keys of their own, some only while their
request context lives; so this is asked inside ``start_response`` and again at the end. Where
a framework leaves nothing, an integration (or the app) sets ``wsgi_apimetrics.route`` and
``wsgi_apimetrics.path_params``, which win over everything else.

A template is that of the whole path: where the framework's begins at its mount point,
``SCRIPT_NAME`` goes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ROUTE_KEY = "wsgi_apimetrics.route"
PATH_PARAMS_KEY = "wsgi_apimetrics.path_params"
FRAMEWORK_KEY = "wsgi_apimetrics.framework"

Match = tuple[str | None, Mapping[str, Any] | None, str | None]
"""The route's template, its parameters, and the framework's name: each may be unknown."""


def mounted(environ: Mapping[str, Any], template: str) -> str:
    """Return the whole path's template for one that begins at the app's mount point.

    >>> mounted({"SCRIPT_NAME": "/api"}, "users/{id}")
    '/api/users/{id}'
    """
    prefix = environ.get("SCRIPT_NAME", "").rstrip("/")
    return f"{prefix}{template}" if template.startswith("/") else f"{prefix}/{template}"


def _werkzeug(environ: Mapping[str, Any]) -> Match:
    """Flask keeps its request here until its context is popped, then ``None``."""
    request = environ["werkzeug.request"]
    rule = getattr(request, "url_rule", None)
    framework = "flask" if hasattr(type(request), "url_rule") else None
    if rule is None:
        return None, None, framework
    return mounted(environ, rule.rule), getattr(request, "view_args", None), framework


def _bottle(environ: Mapping[str, Any]) -> Match:
    """Bottle gives the routes of an app mounted at ``/api/`` their whole path.

    One mounted at ``/api`` has its own paths only; that Bottle shifted the path for it shows
    in the path that its handler saw, which is the end of the one that came.
    """
    route = environ["bottle.route"]
    seen = environ.get("bottle.raw_path", "").encode("latin-1", "ignore").decode("utf-8", "ignore")
    path = environ.get("PATH_INFO", "")
    prefix = path.removesuffix(seen) if path.endswith(seen) else ""
    return mounted(environ, prefix + route.rule), environ.get("route.url_args"), "bottle"


def _unmatched_bottle(_: Mapping[str, Any]) -> Match:
    return None, None, "bottle"


def _routes(environ: Mapping[str, Any]) -> Match:
    """Routes puts its URL generator where the specification has positional arguments."""
    params = environ.get("wsgiorg.routing_args", ((), None))[1]
    return mounted(environ, environ["routes.route"].routepath), params, None


def _routing_args(environ: Mapping[str, Any]) -> Match:
    """The wsgiorg specification "routing_args": positional and named, no template."""
    return None, environ["wsgiorg.routing_args"][1], None


_READERS: tuple[tuple[str, Callable[[Mapping[str, Any]], Match]], ...] = (
    ("werkzeug.request", _werkzeug),
    ("bottle.route", _bottle),
    ("bottle.app", _unmatched_bottle),
    ("routes.route", _routes),
    ("wsgiorg.routing_args", _routing_args),
)

_KEYS = frozenset(
    (ROUTE_KEY, PATH_PARAMS_KEY, FRAMEWORK_KEY, *(key for key, _ in _READERS)),
)


def matched_route(
    environ: Mapping[str, Any], resolver: Callable[[Mapping[str, Any]], Any] | None
) -> Match | None:
    """Return what is known of the matched route now, ``None`` if nothing is.

    What the public keys say goes first, then the ``resolver``, then what frameworks leave;
    each fills in what those before it left open.
    """
    if resolver is None and environ.keys().isdisjoint(_KEYS):  # looks for ours, not for theirs
        return None
    route = environ.get(ROUTE_KEY)
    if route is None and resolver is not None:
        route = resolver(environ)
    found = _left_by_a_framework(environ)
    params = environ.get(PATH_PARAMS_KEY)
    return (
        found[0] if route is None else str(route),
        found[1] if params is None else params,
        environ.get(FRAMEWORK_KEY) or found[2],
    )


def _left_by_a_framework(environ: Mapping[str, Any]) -> Match:
    """Return the first that has a route: another layer may have left a bare request there."""
    framework = params = None
    for key, read in _READERS:
        if environ.get(key) is not None:
            found = read(environ)
            if found[0] is not None:
                return found
            params = params or found[1]
            framework = framework or found[2]
    return None, params, framework
