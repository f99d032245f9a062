"""MetricsApiConfig, MetricsMiddleware and ReadMeMetrics: the vendor's names, our promises."""

from __future__ import annotations

import inspect
import json
import logging

import flask
import pytest
import readme_metrics
from har_schema import check_log
from servers import http_server
from werkzeug.test import Client

from wsgi_apimetrics import ConfigurationError, ReadMe
from wsgi_apimetrics.readme import MetricsApiConfig, MetricsMiddleware, ReadMeMetrics
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.testing import capture_exchanges


def app(environ, start_response):
    """Answer a little JSON."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"city": "Oslo", "ssn": "123"}']


def who(_request):
    return {"api_key": "customer", "label": "Ada", "email": "ada@example.com"}


@pytest.fixture
def sink(monkeypatch):
    """A server that the vendor's environment variable names."""
    with http_server() as server:
        monkeypatch.setenv("README_METRICS_SERVER", server.url)
        yield server


def logs_of(middleware, sink):
    """Return the logs that came, each shown to be valid."""
    assert middleware.flush(10)
    middleware.shutdown(5)
    logs = [log for got in sink.got for log in json.loads(got.body)]
    for log in logs:
        check_log(log)
    return logs


def test_the_parameters_are_the_vendors_in_their_order():
    """Positional arguments mean the same; only buffer_length's default is the documented one."""
    theirs = inspect.signature(readme_metrics.MetricsApiConfig).parameters
    ours = inspect.signature(MetricsApiConfig).parameters
    assert list(ours) == list(theirs)
    defaults = {name: parameter.default for name, parameter in theirs.items()}
    assert defaults | {"buffer_length": 10} == {
        name: parameter.default for name, parameter in ours.items()
    }


def test_the_attributes_are_the_vendors():
    """What users of the vendor's package read or change is there, by the same name."""
    theirs = vars(readme_metrics.MetricsApiConfig("key", who))
    ours = MetricsApiConfig("key", who)
    assert {name for name in theirs if not hasattr(ours, name)} == set()
    for name in ("METRICS_API", "README_API_URL"):
        assert getattr(ours, name) == getattr(readme_metrics.MetricsApiConfig, name)


def test_an_exchange_of_a_wrapped_app_arrives(sink):
    """The WSGI variant: one import line changed, one log per request."""
    middleware = MetricsMiddleware(app, MetricsApiConfig("key", who, None, 1))
    assert Client(middleware).get("/a?x=1").get_json() == {"city": "Oslo", "ssn": "123"}
    (log,) = logs_of(middleware, sink)
    assert log["group"]["id"] == mask("customer")
    assert sink.got[0].headers["Authorization"] == "Basic a2V5Og=="


def test_a_flask_extension_logs_every_app_it_was_given(sink):
    """``init_app`` for one app or several, or the app in the constructor."""
    extension = ReadMeMetrics(MetricsApiConfig("key", who, buffer_length=1))
    apps = [flask.Flask("one"), flask.Flask("two"), flask.Flask("three")]
    for one in apps[:2]:
        assert extension.init_app(one) is None
    ReadMeMetrics(extension.config, apps[2])
    logs = []
    for one in apps:
        assert one.test_client().get("/", buffered=True).status_code == 404
        logs = logs_of(one.wsgi_app, sink)
        assert isinstance(one.extensions["readme_metrics"], ReadMeMetrics)
    assert len(logs) == 3


def failing_app(extension):
    """Return an app with a view that fails, and one whose exception it answers itself."""
    flask_app = flask.Flask("app")
    extension.init_app(flask_app)

    @flask_app.get("/users/<int:number>/<problem>")
    def problem(number, problem):
        raise {"handled": LookupError, "unhandled": ArithmeticError}[problem](number)

    flask_app.register_error_handler(LookupError, lambda _error: ("none", 410))
    return flask_app


def test_a_flask_extension_reports_what_the_app_handles():
    """It is the Flask integration: the app's own error handlers hide nothing."""
    flask_app = failing_app(ReadMeMetrics(MetricsApiConfig("key", who)))
    with capture_exchanges(flask_app) as captured:
        answer = flask_app.test_client().get("/users/7/handled", buffered=True)
    [exchange] = captured
    assert (answer.status_code, [error.type for error in exchange.errors]) == (410, ["LookupError"])


def test_a_flask_extension_keeps_the_route_of_a_propagated_exception():
    """In debug mode too the page that ReadMe shows is that of the route."""
    flask_app = failing_app(ReadMeMetrics(MetricsApiConfig("key", who)))
    flask_app.testing = True
    with capture_exchanges(flask_app) as captured, pytest.raises(ArithmeticError):
        flask_app.test_client().get("/users/7/unhandled")
    [exchange] = captured
    assert exchange.route == "/users/<int:number>/<problem>"


def test_a_flask_app_given_twice_is_logged_once(sink):
    """In the constructor and by ``init_app``; what belongs to the app is in its extensions."""
    flask_app = flask.Flask("app")
    extension = ReadMeMetrics(MetricsApiConfig("key", who, buffer_length=1), flask_app)
    middleware = flask_app.wsgi_app
    assert extension.init_app(flask_app) is None
    assert flask_app.wsgi_app is middleware
    assert flask_app.extensions["wsgi_apimetrics"] is middleware
    flask_app.test_client().get("/", buffered=True)
    assert len(logs_of(middleware, sink)) == 1


def test_a_second_extension_of_a_flask_app_is_refused():
    """Two would log every exchange twice: it is told while the app is built."""
    flask_app = flask.Flask("app")
    ReadMeMetrics(MetricsApiConfig("key", who), flask_app)
    with pytest.raises(
        ConfigurationError, match=r"ReadMeMetrics: <Flask 'app'> is wrapped already"
    ):
        ReadMeMetrics(MetricsApiConfig("key", who), flask_app)


def test_the_grouping_function_gets_flasks_own_request(sink):
    """With its context live: flask.g and the session are there."""

    def by_g(request):
        assert request is flask.request._get_current_object()
        return {"api_key": flask.g.user, "label": request.endpoint}

    flask_app = flask.Flask("app")

    @flask_app.get("/users/<int:number>")
    def user(number):
        flask.g.user = f"user-{number}"
        return {}

    ReadMeMetrics(MetricsApiConfig("key", by_g), flask_app)
    flask_app.test_client().get("/users/7", buffered=True)
    (log,) = logs_of(flask_app.wsgi_app, sink)
    assert log["group"] == {"id": mask("user-7"), "label": "user"}
    assert log["request"]["log"]["entries"][0]["pageref"] == "http://localhost/users/<int:number>"


def test_what_is_changed_before_the_middleware_is_built_holds(sink, monkeypatch):
    """Users of the vendor's package set upper-case attributes after construction."""
    monkeypatch.delenv("README_METRICS_SERVER")
    config = MetricsApiConfig("key", None)
    config.METRICS_API = sink.url
    config.README_API_KEY = "other"
    config.GROUPING_FUNCTION = who
    config.BUFFER_LENGTH = 1
    config.IS_DEVELOPMENT_MODE = True
    config.IS_BACKGROUND_MODE = False
    config.DENYLIST = ["X-Secret"]
    config.METRICS_API_TIMEOUT = 7
    middleware = MetricsMiddleware(app, config)
    Client(middleware).get("/", headers={"X-Secret": "hidden"})
    (log,) = logs_of(middleware, sink)
    assert log["development"] is True
    headers = log["request"]["log"]["entries"][0]["request"]["headers"]
    assert {"name": "X-Secret", "value": "[REDACTED 6]"} in headers


def test_the_project_is_looked_up_where_readme_api_url_says():
    """The base of the documentation links comes from ``{README_API_URL}/v1/``."""
    config = MetricsApiConfig("key", who)
    assert "project_url" not in repr(config.backend())
    config.README_API_URL = "http://127.0.0.1:1/api/"
    assert "project_url='http://127.0.0.1:1/api/v1/'" in repr(config.backend())


def test_a_grouping_function_by_its_dotted_path(sink):
    """It is imported when the middleware is built."""
    config = MetricsApiConfig("key", f"{__name__}.who")
    middleware = MetricsMiddleware(app, config)
    Client(middleware).get("/")
    assert len(logs_of(middleware, sink)) == 1


def test_hosts_outside_the_allowed_ones_are_not_logged(sink):
    """``allowed_http_hosts`` compares the Host header."""
    config = MetricsApiConfig("key", who, allowed_http_hosts=["api.example.com"])
    middleware = MetricsMiddleware(app, config)
    Client(middleware).get("/", base_url="http://other.example.com")
    Client(middleware).get("/", base_url="http://api.example.com")
    assert len(logs_of(middleware, sink)) == 1


@pytest.mark.parametrize(("old", "new"), [("blacklist", "DENYLIST"), ("whitelist", "ALLOWLIST")])
def test_the_old_names_work_with_a_warning(old, new):
    """A deprecation that points at the user's line; the new name wins if both are given."""
    with pytest.warns(DeprecationWarning, match=f"{old} is now {new.lower()}") as caught:
        config = MetricsApiConfig("key", who, **{old: ["a"]})
    assert getattr(config, new) == ["a"]
    assert caught[0].filename == __file__
    both = MetricsApiConfig("key", who, **{old: ["a"], new.lower(): ["b"]})
    assert getattr(both, new) == ["b"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"api_key": ""}, "ReadMe: api_key must be a text that is not empty"),
        ({"api_key": None}, "ReadMe: api_key is missing"),
        ({"grouping_function": "nowhere.at_all"}, "grouping_function must be a function"),
        ({"buffer_length": 0}, "buffer_length must be a whole number of at least 1"),
        ({"denylist": "password"}, "denylist must be a list of texts"),
        ({"timeout": "3"}, "timeout must be a number"),
        ({"development_mode": "no"}, "development_mode must be True or False"),
    ],
)
def test_a_wrong_option_is_told_when_the_middleware_is_built(given, text):
    """The vendor's package finds out at run time, and logs nothing."""
    config = MetricsApiConfig(**{"api_key": "key", "grouping_function": who} | given)
    with pytest.raises(ConfigurationError) as caught:
        MetricsMiddleware(app, config)
    assert text in str(caught.value)


def test_a_config_is_a_cover_of_the_backend():
    """What the old names say is what the new backend gets."""
    config = MetricsApiConfig("key", who, allowlist=["city"], timeout=15)
    assert isinstance(config.backend(), ReadMe)
    assert "allowlist=(('city',),)" in repr(config.backend())
    assert "key'" not in repr(config.backend())


# -- the logger ---------------------------------------------------------------------------

ours = logging.getLogger("wsgi_apimetrics")


@pytest.fixture
def _restored(monkeypatch):
    """Give the package's logger its parent back after the test."""
    monkeypatch.setattr(ours, "parent", ours.parent)
    yield
    monkeypatch.undo()
    ours.setLevel(ours.level)


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("adapted", [False, True])
def test_a_logger_of_ones_own_gets_the_log_lines(adapted, caplog):
    """By its handlers and its level; nothing is added to any logger."""
    mine = logging.getLogger("my.app")
    mine.setLevel(logging.ERROR)
    config = MetricsApiConfig("key", who)
    config.LOGGER = logging.LoggerAdapter(mine, {}) if adapted else mine
    ours.warning("before")
    MetricsMiddleware(app, config)
    MetricsMiddleware(app, config)
    ours.warning("too quiet")
    ours.error("loud")
    assert [record.getMessage() for record in caplog.records] == ["before", "loud"]
    assert ours.handlers == []


@pytest.mark.usefixtures("_restored")
def test_the_packages_own_logger_may_be_adjusted():
    """``config.LOGGER`` is the package's logger; a child of it makes no circle."""
    config = MetricsApiConfig("key", who)
    assert config.LOGGER is ours
    config.LOGGER = logging.getLogger("wsgi_apimetrics.of_mine")
    MetricsMiddleware(app, config)
    assert ours.parent is logging.root


def test_what_is_no_logger_is_refused():
    """With a text that says what belongs there."""
    config = MetricsApiConfig("key", who)
    config.LOGGER = print
    with pytest.raises(ConfigurationError, match=r"LOGGER must be a logging\.Logger"):
        MetricsMiddleware(app, config)
