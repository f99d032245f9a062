"""The matched route, from whatever a framework leaves in the environ."""

from __future__ import annotations

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.capture.route import matched_route, mounted
from wsgi_apimetrics.testing import Memory


def recorded(app, target, **options):
    """Return the exchange of one request to ``app``."""
    memory = Memory()
    Client(ApiMetricsMiddleware(app, memory, **options)).get(target, buffered=True)
    [exchange] = memory.exchanges
    return exchange


def answering(**keys):
    """Return an app that leaves ``keys`` in the environ, and answers 200."""

    def app(environ, start_response):
        environ.update({name.replace("__", "."): value for name, value in keys.items()})
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    return app


@pytest.mark.parametrize(
    ("script_name", "template", "whole"),
    [
        ("", "/users/{id}", "/users/{id}"),
        ("", "users/{id}", "/users/{id}"),
        ("/api", "/users", "/api/users"),
        ("/api/", "users", "/api/users"),
        ("/api", "", "/api/"),
    ],
)
def test_a_template_begins_at_the_root(script_name, template, whole):
    """The mount point goes before it, with one slash between."""
    assert mounted({"SCRIPT_NAME": script_name}, template) == whole


def test_what_the_app_says_wins():
    """The public keys go before what a framework leaves and before the resolver."""
    app = answering(
        wsgi_apimetrics__route="/mine/{x}",
        wsgi_apimetrics__path_params={"x": "1"},
        wsgi_apimetrics__framework="own",
        wsgiorg__routing_args=((), {"y": "2"}),
    )
    exchange = recorded(app, "/mine/1", route_resolver=lambda _: "/other")
    assert (exchange.route, exchange.path_params, exchange.framework) == (
        "/mine/{x}",
        {"x": "1"},
        "own",
    )


def test_a_route_without_parameters_gets_those_that_are_there():
    """Each source fills in what those before it left open."""
    app = answering(wsgi_apimetrics__route="/a/{y}", wsgiorg__routing_args=((), {"y": "2"}))
    exchange = recorded(app, "/a/2")
    assert (exchange.route, exchange.path_params) == ("/a/{y}", {"y": "2"})


def test_a_resolver_is_asked_where_nothing_is_left():
    """``route_resolver`` takes the environ as the app leaves it."""
    exchange = recorded(
        answering(my__template="/v/{n}"),
        "/v/7",
        route_resolver=lambda environ: environ["my.template"],
    )
    assert exchange.route == "/v/{n}"


def test_where_nobody_left_anything_the_resolver_alone_is_asked():
    """Without one, nothing is known."""
    assert matched_route({"PATH_INFO": "/a"}, lambda environ: environ["PATH_INFO"]) == (
        "/a", None, None,
    )  # fmt: skip
    assert matched_route({"PATH_INFO": "/a"}, None) is None


def test_a_resolver_that_fails_costs_the_route_only():
    """The request and its record go on."""
    exchange = recorded(answering(), "/v/7", route_resolver=lambda environ: environ["absent"])
    assert exchange.route is None
    assert exchange.response.status_code == 200


def test_routing_args_have_parameters_and_no_template():
    """The wsgiorg specification: positional arguments, and named ones."""
    exchange = recorded(answering(wsgiorg__routing_args=(("p",), {"id": "3"})), "/x/3")
    assert (exchange.route, exchange.path_params) == (None, {"id": "3"})


def test_a_bare_werkzeug_request_hides_nothing():
    """A layer that made a Request for itself does not stand before the framework's route."""

    class Rule:
        rule = "/users/<id>"

    environ = {"werkzeug.request": object(), "bottle.route": Rule, "route.url_args": {"id": "1"}}
    assert matched_route(environ, None) == ("/users/<id>", {"id": "1"}, "bottle")


def test_flask_below_a_dispatcher_keeps_its_prefix():
    """Mounted by DispatcherMiddleware, wrapped outside or inside of it."""
    import flask

    api = flask.Flask("api")
    api.add_url_rule("/users/<int:user>", view_func=str, endpoint="user")

    outside = DispatcherMiddleware(answering(), {"/api": api})
    exchange = recorded(outside, "/api/users/42")
    assert (exchange.route, exchange.path_params) == ("/api/users/<int:user>", {"user": 42})
    assert (exchange.framework, exchange.request.path) == ("flask", "/api/users/42")

    memory = Memory()
    inside = DispatcherMiddleware(answering(), {"/api": ApiMetricsMiddleware(api, memory)})
    Client(inside).get("/api/users/42", buffered=True)
    [exchange] = memory.exchanges
    assert exchange.route == "/api/users/<int:user>"


@pytest.mark.filterwarnings("ignore:(?s).*Prefix must end:DeprecationWarning")
@pytest.mark.parametrize("prefix", ["/api", "/api/"])
def test_bottle_in_bottle_and_below_a_dispatcher(prefix):
    """Each mount point stands in the template once, whichever way Bottle mounts."""
    import bottle

    inner = bottle.Bottle()
    inner.route("/users/<user>", callback=lambda user: user)
    outer = bottle.Bottle()
    outer.mount(prefix, inner)
    assert recorded(outer, "/api/users/café").route == "/api/users/<user>"
    mounted_again = DispatcherMiddleware(answering(), {"/v1": outer})
    exchange = recorded(mounted_again, "/v1/api/users/42")
    assert (exchange.route, exchange.path_params) == ("/v1/api/users/<user>", {"user": "42"})


def test_blueprints_show_their_prefix():
    """A blueprint's URL prefix is part of Flask's rule."""
    import flask

    blueprint = flask.Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.add_url_rule("/<item>", view_func=lambda item: item, endpoint="item")
    app = flask.Flask("blueprints")
    app.register_blueprint(blueprint)
    exchange = recorded(app, "/shop/shoe")
    assert (exchange.route, exchange.path_params) == ("/shop/<item>", {"item": "shoe"})


def test_routes():
    """Routes' middleware leaves its route and the named arguments."""
    routes = pytest.importorskip("routes")
    from routes.middleware import RoutesMiddleware

    mapper = routes.Mapper()
    mapper.connect("user", "/users/{id}", controller="users")
    app = RoutesMiddleware(answering(), mapper, use_method_override=False, singleton=False)
    exchange = recorded(app, "/users/42")
    assert (exchange.route, exchange.path_params["id"]) == ("/users/{id}", "42")
    below = DispatcherMiddleware(answering(), {"/api": app})
    assert recorded(below, "/api/users/42").route == "/api/users/{id}"


@pytest.mark.parametrize("framework", ["flask", "bottle"])
def test_a_404_has_no_route(framework):
    """Nothing matched, so there is nothing to tell but the framework."""
    import bottle
    import flask

    app = {"flask": flask.Flask("none"), "bottle": bottle.Bottle()}[framework]
    exchange = recorded(app, "/nowhere/42")
    assert (exchange.route, exchange.framework) == (None, framework)
    assert exchange.response.status_code == 404
