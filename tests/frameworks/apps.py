"""One small API, written in every framework, bare and with our integration.

``/users/42`` has a route with a parameter, ``/fail`` raises, ``/stream`` answers in three
chunks, ``/upload`` says what it got, ``/nowhere`` is no route. Where a framework lets one see
the request that a grouping function gets, the function asks it in that framework's words.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CHUNKS = (b"one,", b"two,", b"three")


class Refused(ValueError):
    """What ``/fail`` raises."""


def seen(body: bytes) -> str:
    """What ``/upload`` answers."""
    return f"{len(body)} bytes, {zlib.crc32(body):08x}"


@dataclass(frozen=True)
class Framework:
    """How one framework is put to the test.

    Attributes:
        template: The route of ``/users/42`` as this framework writes it.
        parameter: The parameter's value as this framework gives it.
        bare: Makes the app.
        recorded: Makes the app with the integration, which records to a backend.
        caller: Takes the framework's request and returns its ``X-User``.
        errors: Where its errors are seen.
        request: The request that a grouping function gets, in words.
    """

    name: str
    template: str
    parameter: Any
    bare: Callable[[], Any]
    recorded: Callable[..., Any]
    caller: Callable[[Any], Any]
    errors: str
    request: str


def plain_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """No framework: the app says its route itself."""
    path = environ["PATH_INFO"]
    headers = [("Content-Type", "text/plain")]
    if path == "/fail":
        raise Refused("refused")
    if path == "/stream":
        start_response("200 OK", headers)
        return iter(CHUNKS)
    status, answer = "200 OK", path
    if path.startswith("/users/"):
        user = path.rpartition("/")[2]
        environ["wsgi_apimetrics.route"] = environ["SCRIPT_NAME"] + "/users/{user}"
        environ["wsgi_apimetrics.path_params"] = {"user": user}
    elif path == "/upload":
        answer = seen(body_of(environ))
    elif path == "/early" and "wsgi.early_hints" in environ:
        environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload")])
    else:
        status = "404 Not Found"
    start_response(status, headers)
    return [answer.encode()]


def body_of(environ: dict[str, Any]) -> bytes:
    """Read a body as far as the server says where it ends."""
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def plain_recorded(*backends: Any) -> Any:
    from wsgi_apimetrics import ApiMetricsMiddleware

    return ApiMetricsMiddleware(plain_app, *backends)


def flask_app() -> Any:
    import flask

    app = flask.Flask("shop")
    app.add_url_rule("/users/<int:user>", "user", lambda user: str(user + 0))
    app.add_url_rule("/stream", "stream", lambda: flask.Response(iter(CHUNKS)))
    app.add_url_rule("/upload", "upload", lambda: seen(flask.request.get_data()), methods=["POST"])

    @app.route("/fail")
    def fail() -> str:
        raise Refused("refused")

    return app


def flask_recorded(*backends: Any) -> Any:
    from wsgi_apimetrics.integrations.flask import ApiMetrics

    return ApiMetrics(*backends).init_app(flask_app())


def pyramid_configurator(**settings: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyramid.config import Configurator
        from pyramid.response import Response

    def fail(request: Any) -> Any:
        raise Refused("refused")

    views = {
        "/users/{user}": lambda request: Response(request.matchdict["user"]),
        "/stream": lambda _: Response(app_iter=iter(CHUNKS), content_type="text/plain"),
        "/upload": lambda request: Response(seen(request.body)),
        "/fail": fail,
    }
    config = Configurator(settings=settings)
    for pattern, view in views.items():
        config.add_route(pattern, pattern)
        config.add_view(view, route_name=pattern)
    return config


def pyramid_app() -> Any:
    return pyramid_configurator().make_wsgi_app()


def pyramid_recorded(*backends: Any) -> Any:
    config = pyramid_configurator(**{"wsgi_apimetrics.backends": backends})
    config.include("wsgi_apimetrics.integrations.pyramid")
    return config.make_wsgi_app()


def falcon_app() -> Any:
    import falcon

    class User:
        def on_get(self, req: Any, resp: Any, user: int) -> None:
            resp.text = str(user)

    class Stream:
        def on_get(self, req: Any, resp: Any) -> None:
            resp.stream = iter(CHUNKS)

    class Upload:
        def on_post(self, req: Any, resp: Any) -> None:
            resp.text = seen(body_of(req.env))

    class Fail:
        def on_get(self, req: Any, resp: Any) -> None:
            raise Refused("refused")

    app = falcon.App()
    app.add_route("/users/{user:int}", User())
    app.add_route("/stream", Stream())
    app.add_route("/upload", Upload())
    app.add_route("/fail", Fail())
    return app


def falcon_recorded(*backends: Any) -> Any:
    from wsgi_apimetrics.integrations.falcon import init_app

    return init_app(falcon_app(), *backends)


def bottle_app() -> Any:
    import bottle

    app = bottle.Bottle()
    app.route("/users/<user:int>", callback=str)
    app.route("/stream", callback=lambda: iter(CHUNKS))
    app.route("/upload", "POST", callback=lambda: seen(bottle.request.body.read()))

    @app.route("/fail")
    def fail() -> str:
        raise Refused("refused")

    return app


def bottle_recorded(*backends: Any) -> Any:
    from wsgi_apimetrics.integrations.bottle import ApiMetricsPlugin

    app = bottle_app()
    app.install(ApiMetricsPlugin(*backends))
    return app


def _django() -> None:
    """Set Django up, once in a process; ``RouteMiddleware`` alone records nothing."""
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            MIDDLEWARE=["wsgi_apimetrics.integrations.django.RouteMiddleware"],
            ROOT_URLCONF="frameworks.django_urls",
            SECRET_KEY="of no importance",
            LOGGING_CONFIG=None,
        )
        django.setup()


def django_app() -> Any:
    from django.core.handlers.wsgi import WSGIHandler

    _django()
    return WSGIHandler()


def django_recorded(*backends: Any) -> Any:
    from wsgi_apimetrics.integrations.django import wrap

    return wrap(django_app(), *backends)


FRAMEWORKS = {
    framework.name: framework
    for framework in (
        Framework(
            "plain",
            "/users/{user}",
            "42",
            lambda: plain_app,
            plain_recorded,
            lambda request: request.headers["X-User"],
            "as it leaves the app",
            "werkzeug.Request, of the headers and what was read so far",
        ),
        Framework(
            "flask",
            "/users/<int:user>",
            42,
            flask_app,
            flask_recorded,
            lambda request: request.headers["X-User"],
            "Flask's signal, and its error handlers",
            "flask.Request, in its live context",
        ),
        Framework(
            "pyramid",
            "/users/{user}",
            "42",
            pyramid_app,
            pyramid_recorded,
            lambda request: request.headers["X-User"],
            "a tween under the exception views",
            "pyramid.request.Request",
        ),
        Framework(
            "falcon",
            "/users/{user:int}",
            42,
            falcon_app,
            falcon_recorded,
            lambda request: request.get_header("X-User"),
            "Falcon's error reporter",
            "falcon.Request",
        ),
        Framework(
            "bottle",
            "/users/<user:int>",
            42,
            bottle_app,
            bottle_recorded,
            lambda request: request.get_header("X-User"),
            "a plugin",
            "bottle.LocalRequest",
        ),
        Framework(
            "django",
            "/users/<int:user>",
            42,
            django_app,
            django_recorded,
            lambda request: request.META["HTTP_X_USER"],
            "Django's signal",
            "django.http.HttpRequest",
        ),
    )
}
