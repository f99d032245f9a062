"""Building the middleware: every mistake is found there, and nothing is started."""

from __future__ import annotations

import gc
import threading

import pytest

from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit, ConfigurationError, Local, ReadMe
from wsgi_apimetrics.config import KNOWN
from wsgi_apimetrics.testing import Memory


def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"buffer_lenght": 1}, "no option 'buffer_lenght': did you mean 'buffer_length'?"),
        ({"buffer_length": 0}, "buffer_length must be a whole number of at least 1, not 0"),
        ({"buffer_length": "1"}, "buffer_length must be a whole number of at least 1, not '1'"),
        ({"denylist": "password"}, "denylist must be a list of texts"),
        ({"timeout": float("nan")}, "timeout must be a number above 0"),
        ({"enabled": "no"}, "enabled must be True or False, not 'no'"),
        ({"grouping_function": 3}, "grouping_function must be a function"),
        ({"grouping_function": "no.such.module"}, "importing it: ModuleNotFoundError"),
        ({"exclude_paths": [3]}, "exclude_paths must be a list of texts"),
        ({"api_key": "k"}, "'api_key': it is a backend's own: ReadMe(api_key=...) or APIToolkit"),
        ({"path": "/x"}, "no option 'path': it is a backend's own: Local(path=...)"),
        ({"spool_dir": __file__}, "spool_dir must be the path of a directory"),
        ({"spool_dir": "/tmp/\0"}, "a path has no NUL character"),
        ({"ca_bundle": __file__}, "ca_bundle must be the path of a file of certificates"),
        ({"backends": ["nowhere"]}, "there is no backend 'nowhere': the backends are"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_accepted(options, says):
    """The option, what came, what is accepted, and for an unknown one the nearest name."""
    with pytest.raises(ConfigurationError) as caught:
        ApiMetricsMiddleware(app, **options)
    assert says in str(caught.value)


def test_a_configuration_error_is_a_value_error():
    """So that code which knows nothing of us can catch it."""
    with pytest.raises(ValueError, match="no option 'nonsense'"):
        ApiMetricsMiddleware(app, nonsense=1)


@pytest.mark.parametrize("wrong", [None, 3, "app"])
def test_an_app_that_cannot_be_called_is_refused(wrong):
    """Found when it is wrapped, not at the first request."""
    with pytest.raises(ConfigurationError, match="must be a WSGI callable"):
        ApiMetricsMiddleware(wrong)


def test_something_else_than_a_backend_is_refused():
    """The mend is in the text."""
    with pytest.raises(ConfigurationError, match=r"such as ReadMe\(api_key=...\)"):
        ApiMetricsMiddleware(app, "readme")


def test_an_option_may_come_from_the_environment(monkeypatch):
    """The prefix and the option's name in capitals; an argument wins over it."""
    monkeypatch.setenv("WSGI_APIMETRICS_MAX_BODY_BYTES", "7")
    assert ApiMetricsMiddleware(app, Memory())._policy.max_body_bytes == 7
    assert ApiMetricsMiddleware(app, Memory(), max_body_bytes=8)._policy.max_body_bytes == 8


def test_a_wrong_value_in_the_environment_names_the_variable(monkeypatch):
    """What to look for is in the text."""
    monkeypatch.setenv("WSGI_APIMETRICS_TIMEOUT", "soon")
    with pytest.raises(ConfigurationError, match="WSGI_APIMETRICS_TIMEOUT must be a number"):
        ApiMetricsMiddleware(app, Memory())


@pytest.mark.parametrize(
    ("variable", "right"),
    [
        ("WSGI_APIMETRICS_DENYLST", "WSGI_APIMETRICS_DENYLIST"),
        ("WSGI_APIMETRICS_PATH", "WSGI_APIMETRICS_LOCAL_PATH"),
        ("WSGI_APIMETRICS_LOCAL_TIMEOUTS", "WSGI_APIMETRICS_LOCAL_TIMEOUT"),
    ],
)
def test_a_misspelt_variable_is_refused(monkeypatch, variable, right):
    """A rule that nobody reads redacts nothing; the value, which may be a key, is not shown."""
    monkeypatch.setenv(variable, "kSECRETk")
    with pytest.raises(ConfigurationError) as caught:
        ApiMetricsMiddleware(app, Local())
    assert str(caught.value) == (
        f"environment variable {variable} sets no option: did you mean {right}?"
    )


@pytest.mark.parametrize(
    "variable",
    [
        "WSGI_APIMETRICS_SERVICE_HOST",
        "WSGI_APIMETRICS_README_API_KEY",
        "WSGI_APIMETRICS_MEMORY_REDACT_RESPONSE_BODY",
        "DENYLST",
    ],
)
def test_variables_of_others_are_left_alone(monkeypatch, variable):
    """Of a service in Kubernetes, of a backend that is not in use, of another program."""
    monkeypatch.setenv(variable, "x")
    ApiMetricsMiddleware(app, Local())


def test_without_a_home_directory_the_path_must_be_given(monkeypatch):
    """As in a container that runs under a number: said when it is built, with the mend."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    with pytest.raises(ConfigurationError, match=r"no home directory: Local\(path=\.\.\.\)"):
        ApiMetricsMiddleware(app)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": "key-12345\n"},
        {"api_key": "key 12345"},
        {"api_key": ["key-12345"]},
        {"api_key": "k", "server": "https://user:key-12345@host"},
        {"api_key": "k", "server": "htp://user:key-12345@host"},
        {"api_key": "k", "proxy": "socks5://user:key-12345@host"},
    ],
    ids=str,
)
def test_no_error_shows_a_key_or_a_password(options):
    """An error ends up in logs and in trackers."""
    with pytest.raises(ConfigurationError) as caught:
        ReadMe(**options)
    assert "12345" not in str(caught.value)


def ours_below(thing):
    """Return every object of the package that ``thing`` holds, at any depth."""
    found, todo = {}, [thing]
    while todo:
        one = todo.pop()
        mine = type(one).__module__.startswith("wsgi_apimetrics")
        if id(one) not in found and (mine or isinstance(one, (dict, tuple, list))):
            found[id(one)] = one
            todo += gc.get_referents(one)
    return [one for one in found.values() if type(one).__module__.startswith("wsgi_apimetrics")]


def test_no_repr_of_ours_shows_a_key():
    """Error trackers record the repr of every local variable of a traceback."""
    middleware = ApiMetricsMiddleware(
        app,
        ReadMe(
            api_key="never-shown-q7zj",
            grouping_function=len,
            proxy="http://user:never-shown-q7zj@host",
        ),
        APIToolkit(api_key="never-shown-q7zj", protocol="otlp"),
    )
    shown = [repr(one) for one in ours_below(middleware)]
    assert any("Parts(" in text for text in shown)
    assert any("Plan(" in text for text in shown)
    assert not [text for text in shown if "q7zj" in text]


def test_a_link_that_no_server_could_send_is_refused():
    """It becomes a header, which is latin-1 at most; a URL is ASCII."""
    with pytest.raises(ConfigurationError, match="base_log_url must be an http or https URL"):
        ReadMe(api_key="k", base_log_url="https://docs.example/\N{GREEK SMALL LETTER PI}")


def test_a_home_directory_is_resolved_and_must_exist(tmp_path, monkeypatch):
    """In every path alike."""
    monkeypatch.setenv("HOME", str(tmp_path))
    middleware = ApiMetricsMiddleware(app, Local(path="~/x.sqlite"), spool_dir="~/spool")
    assert middleware.recorder.lanes[0].parts.delivery.spool_dir == str(tmp_path / "spool")
    with pytest.raises(ConfigurationError, match="no such home directory"):
        Local(path="~nosuchuser/x")


def test_the_kill_switch_in_the_environment_wins_over_the_code(monkeypatch):
    """In an emergency nobody wants to deploy."""
    monkeypatch.setenv("WSGI_APIMETRICS_ENABLED", "off")
    assert ApiMetricsMiddleware(app, Memory(), enabled=True)._policy.enabled is False


def test_building_starts_nothing():
    """No thread until the first exchange."""
    before = threading.enumerate()
    ApiMetricsMiddleware(app, Memory(), background_worker_mode=True)
    assert threading.enumerate() == before


def test_two_backends_of_one_kind_have_statistics_of_their_own():
    """The second is numbered."""
    assert set(ApiMetricsMiddleware(app, Memory(), Memory()).stats()) == {"memory", "memory-2"}


def test_a_backend_s_option_holds_for_it_and_rules_add_up():
    """buffer_length replaces, denylist joins."""
    middleware = ApiMetricsMiddleware(
        app, Memory(denylist=["b"]), Memory(), denylist=["a"], max_queue_size=5
    )
    first, second = (lane.parts for lane in middleware.recorder.lanes)
    assert first.redaction.denylist == ("a", "b")
    assert second.redaction.denylist == ("a",)
    assert first.delivery.max_queue_size == second.delivery.max_queue_size == 5


def test_every_option_is_documented():
    """The documentation's table is made of these sentences."""
    assert all(kind.accepts for kind in KNOWN.values())
