"""What the integrations of Falcon, Bottle and Django add, beyond the matrix."""

from __future__ import annotations

import subprocess
import sys

import bottle
import falcon
import pytest
from werkzeug.test import Client

from frameworks.apps import bottle_app, django_app, falcon_app
from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError
from wsgi_apimetrics.integrations import django as django_integration
from wsgi_apimetrics.integrations.bottle import ApiMetricsPlugin
from wsgi_apimetrics.integrations.falcon import RouteComponent, init_app
from wsgi_apimetrics.testing import Memory


def visit(app, target="/users/42"):
    return Client(app).get(target, buffered=True)


# -- Falcon ---------------------------------------------------------------------------------


def test_falcon_component_alone():
    """For those who wrap the app by hand: the component tells the route."""
    memory = Memory()
    app = falcon_app()
    app.add_middleware(RouteComponent())
    visit(ApiMetricsMiddleware(app, memory))
    [exchange] = memory.exchanges
    assert (exchange.route, exchange.path_params) == ("/users/{user:int}", {"user": 42})


@pytest.mark.skipif(not hasattr(falcon.App, "set_error_reporter"), reason="from Falcon 4.4 on")
def test_falcon_reporter_of_the_apps_own_goes_on():
    """Falcon has room for one; the app's is called first, and what it is given is the same."""
    memory, seen = Memory(), []
    app = falcon_app()
    app.set_error_reporter(lambda req, error, params, handled: seen.append((error, handled)))
    visit(init_app(app, memory), "/fail")
    [(error, handled)] = seen
    assert (str(error), handled) == ("refused", True)
    assert len(memory.exchanges[0].errors) == 1


def test_falcon_responses_that_are_raised_are_no_errors():
    """``HTTPError`` and ``HTTPStatus`` are answers."""

    class Raise:
        def on_get(self, req, resp):
            raise falcon.HTTPForbidden

        def on_put(self, req, resp):
            raise falcon.HTTPStatus(falcon.HTTP_202)

    memory = Memory()
    app = falcon.App()
    app.add_route("/raise", Raise())
    recorded = init_app(app, memory)
    Client(recorded).get("/raise", buffered=True)
    Client(recorded).put("/raise", buffered=True)
    assert [one.errors for one in memory.exchanges] == [(), ()]
    assert [one.response.status_code for one in memory.exchanges] == [403, 202]


@pytest.mark.parametrize("own", [False, True])
def test_falcon_before_4_4(monkeypatch, own):
    """Without a reporter, what Falcon's or the app's own last handler answers is reported."""
    monkeypatch.delattr(falcon.App, "set_error_reporter", raising=False)
    memory = Memory()
    app = falcon_app()
    if own:

        def answer(req, resp, ex, params):
            resp.status = 503

        app.add_error_handler(Exception, answer)
    assert visit(init_app(app, memory), "/fail").status_code == (503 if own else 500)
    [exchange] = memory.exchanges
    assert [error.message for error in exchange.errors] == ["refused"]


def test_falcon_that_keeps_its_handlers_elsewhere(monkeypatch):
    """What answers an exception can't be found then: it is recorded without the error."""
    monkeypatch.delattr(falcon.App, "set_error_reporter", raising=False)
    memory = Memory()
    app = falcon_app()
    handlers = app._error_handlers
    app._error_handlers = {}
    wrapped = init_app(app, memory)
    app._error_handlers = handlers
    assert visit(wrapped, "/fail").status_code == 500
    assert memory.exchanges[0].errors == ()


def test_falcon_router_of_the_apps_own_may_have_no_templates():
    """The request is recorded without a route then."""

    class Hello:
        def on_get(self, req, resp):
            resp.text = "hello"

    class Everywhere(falcon.routing.CompiledRouter):
        def find(self, uri, req=None):
            return Hello(), {"GET": Hello().on_get}, {}, None

    memory = Memory()
    assert visit(init_app(falcon.App(router=Everywhere()), memory), "/any").text == "hello"
    assert memory.exchanges[0].route is None


def test_falcon_errors_can_be_left_alone():
    """``report_errors=False`` sets no reporter."""
    memory = Memory()
    visit(init_app(falcon_app(), memory, report_errors=False), "/fail")
    assert memory.exchanges[0].errors == ()


# -- Bottle ---------------------------------------------------------------------------------


def test_bottle_plugin_reports_what_bottle_answers():
    """Also where Bottle keeps the exception to itself, and not what is a response."""
    memory = Memory()
    app = bottle_app()
    app.route("/away", callback=lambda: bottle.redirect("/users/1"))
    app.install(ApiMetricsPlugin(memory))
    visit(app, "/away")
    assert memory.exchanges[0].errors == ()
    assert memory.exchanges[0].response.status_code in (302, 303)


def test_bottle_plugin_tells_its_middleware():
    """For ``flush`` and ``stats``."""
    plugin = ApiMetricsPlugin()
    assert plugin.middleware is None
    app = bottle.Bottle()
    app.install(plugin)
    assert isinstance(plugin.middleware, ApiMetricsMiddleware)
    assert app.wsgi is plugin.middleware


def test_bottle_mistakes_are_found_when_it_is_installed():
    """As with the middleware itself."""
    with pytest.raises(ConfigurationError, match=r"ApiMetricsPlugin has no option 'bufer_length'"):
        bottle.Bottle().install(ApiMetricsPlugin(bufer_length=1))


# -- Django ---------------------------------------------------------------------------------


def test_django_regular_expressions_become_templates():
    """A route by ``re_path`` is shown as one by ``path`` is."""
    memory = Memory()
    visit(django_integration.wrap(django_app(), memory), "/old/42/")
    [exchange] = memory.exchanges
    assert (exchange.route, exchange.path_params) == ("/old/<user>/", {"user": "42"})


@pytest.mark.parametrize(
    ("route", "template"),
    [
        ("users/<int:id>/", "users/<int:id>/"),
        (r"^$", ""),
        (r"^users/(?P<id>\d+)/$", "users/<id>/"),
        (r"api/^v(\d+)/(?P<name>[a-z]+)\Z", "api/v<var>/<name>"),
    ],
)
def test_django_templates(route, template):
    """Anchors go, groups get their names."""
    assert django_integration._readable(route) == template


def test_django_resolvers_of_the_apps_own_may_have_no_templates():
    """Django's ``ResolverMatch`` has room for a route, which nobody need fill."""
    from django.test import RequestFactory
    from django.urls import ResolverMatch

    def view(request):
        raise NotImplementedError

    django_app()  # settings
    request = RequestFactory().get("/")
    request.resolver_match = ResolverMatch(view, (), {})
    assert django_integration.RouteMiddleware(view).process_view(request, view, (), {}) is None
    assert "wsgi_apimetrics.route" not in request.META


def test_django_signals_of_others_may_come_without_a_request():
    """Whoever sends Django's signal outside of a request reports nothing, and hurts nobody."""
    from django.core.signals import got_request_exception

    memory, django = Memory(), django_app()

    def app(environ, start_response):
        try:
            raise ValueError("handled")
        except ValueError:
            for _, said in got_request_exception.send_robust(sender=None):
                assert not isinstance(said, Exception)
        return django(environ, start_response)

    visit(django_integration.wrap(app, memory))
    assert memory.exchanges[0].errors == ()


def test_django_settings(monkeypatch):
    """``WSGI_APIMETRICS`` holds options by name; arguments win."""
    from django.conf import settings

    application = django_app()
    options = {"backends": "readme", "api_key": "k", "buffer_length": 3, "denylist": "a, b"}
    monkeypatch.setattr(settings, "WSGI_APIMETRICS", options, raising=False)
    [lane] = django_integration.wrap(application, buffer_length=4).recorder.lanes
    assert lane.parts.name == "readme"
    assert lane.parts.redaction.denylist == ("a", "b")
    assert lane.parts.delivery.buffer_length == 4
    options["bufer_length"] = 1
    with pytest.raises(ConfigurationError, match=r"setting WSGI_APIMETRICS.*'bufer_length'"):
        django_integration.wrap(application)


# -- all ------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", ["flask", "pyramid", "falcon", "bottle", "django"])
def test_a_framework_that_is_not_installed_is_an_extra(framework):
    """The message names it; the package itself imports no framework."""
    code = f"""
import sys
import wsgi_apimetrics.middleware, wsgi_apimetrics.paste, wsgi_apimetrics.integrations
frameworks = {{"flask", "pyramid", "falcon", "bottle", "django"}}
assert not frameworks & set(sys.modules), frameworks & set(sys.modules)
sys.modules[{framework!r}] = None
from wsgi_apimetrics import MissingExtraError
try:
    import wsgi_apimetrics.integrations.{framework}
except MissingExtraError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"pip install 'wsgi-apimetrics[{framework}]'" in run.stdout, run.stderr
