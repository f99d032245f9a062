"""What ``config.include`` adds to a Pyramid app."""

from __future__ import annotations

import pytest
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.response import Response
from werkzeug.test import Client

from frameworks.apps import pyramid_configurator
from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError
from wsgi_apimetrics.testing import Memory

MODULE = "wsgi_apimetrics.integrations.pyramid"


class Odd(Exception):
    """An app's own exception."""


def made(memory=None, change=lambda config: None, **settings):
    """Return an app with the integration, recording to ``memory``."""
    if memory is not None:
        settings["wsgi_apimetrics.backends"] = memory
    config = pyramid_configurator(**settings)
    config.include(MODULE)
    change(config)
    return config.make_wsgi_app()


def raising(error, path="/raise"):
    """Add a view that raises ``error``."""

    def view(request):
        raise error

    def change(config):
        config.add_route("raise", path)
        config.add_view(view, route_name="raise")

    return change


def visit(app, target="/users/42", **options):
    return Client(app).get(target, buffered=True, **options)


def test_including_it_is_enough():
    """The app that is made records, and tells its middleware by its registry."""
    memory = Memory()
    app = made(memory)
    assert isinstance(app.registry["wsgi_apimetrics"], ApiMetricsMiddleware)
    assert visit(app).text == "42"
    [exchange] = memory.exchanges
    assert (exchange.route, exchange.path_params) == ("/users/{user}", {"user": "42"})
    assert exchange.framework == "pyramid"


def test_settings_as_an_ini_file_has_them():
    """Text is parsed as everywhere; the keys have the package's name before them."""
    app = made(
        **{
            "wsgi_apimetrics.backends": "readme",
            "wsgi_apimetrics.api_key": "k",
            "wsgi_apimetrics.denylist": "password\ntoken",
        }
    )
    [lane] = app.registry["wsgi_apimetrics"].recorder.lanes
    assert lane.parts.redaction.denylist == ("password", "token")


def test_a_wrong_setting_is_told_when_the_app_is_made():
    """With the option's name and the nearest one."""
    with pytest.raises(ConfigurationError, match=r"wsgi_apimetrics\.\*: .*'buffer_length'"):
        made(**{"wsgi_apimetrics.bufer_length": "1"})


def test_what_an_exception_view_deals_with_is_reported():
    """The response is the view's, the error is recorded."""
    memory = Memory()

    def change(config):
        raising(Odd("dealt with"))(config)
        config.add_exception_view(lambda error, request: Response("odd", 503), context=Odd)

    assert visit(made(memory, change), "/raise").status_code == 503
    [exchange] = memory.exchanges
    assert [error.message for error in exchange.errors] == ["dealt with"]


@pytest.mark.parametrize("error", [HTTPForbidden("no"), HTTPNotFound("none")])
def test_an_http_exception_is_a_response(error):
    """Raised or returned: it is no error."""
    memory = Memory()
    assert visit(made(memory, raising(error)), "/raise").status_code == error.status_code
    [exchange] = memory.exchanges
    assert exchange.errors == ()


def test_an_exception_that_leaves_the_app_leaves_it():
    """The very exception goes on to the server, and is recorded once."""
    memory, error = Memory(), Odd("unhandled")
    with pytest.raises(Odd) as caught:
        visit(made(memory, raising(error)), "/raise")
    assert caught.value is error
    [exchange] = memory.exchanges
    assert [one.message for one in exchange.errors] == ["unhandled"]
    assert exchange.route == "/raise"


def test_the_grouping_function_gets_pyramids_request():
    """With what the views know, as the matched route and the registry."""

    def who(request):
        return {"id": f"{request.matched_route.name} {request.registry.settings['plan']}"}

    memory = Memory(grouping_function=who, name="memory")
    visit(made(memory, plan="gold"))
    [exchange] = memory.exchanges
    assert exchange.group is not None


def test_an_execution_policy_of_the_apps_own_goes_on():
    """Such as pyramid_retry's: it is wrapped, not replaced."""
    memory, seen = Memory(), []

    def policy(environ, router):
        seen.append(environ["PATH_INFO"])
        with router.request_context(environ) as request:
            return router.invoke_request(request)

    app = made(memory, lambda config: config.set_execution_policy(policy))
    visit(app)
    assert seen == ["/users/42"]
    assert len(memory.exchanges) == 1


def test_a_middleware_around_it_goes_on_alone(caplog):
    """It records, told the routes by the app; the app's own does not record them twice."""
    inner, outer = Memory(), Memory()
    app = ApiMetricsMiddleware(made(inner), outer)
    visit(app)
    assert inner.exchanges == ()
    assert [exchange.route for exchange in outer.exchanges] == ["/users/{user}"]
    assert not caplog.records


def test_traversal_has_no_route():
    """A view that is found by traversal has none to tell."""
    memory = Memory()

    def change(config):
        config.add_view(lambda request: Response("found"), name="found")

    assert visit(made(memory, change), "/found").text == "found"
    [exchange] = memory.exchanges
    assert (exchange.route, exchange.framework) == (None, "pyramid")
