"""Building the middleware: every mistake is found there, and nothing is started."""

from __future__ import annotations

import threading

import pytest

from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError
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
