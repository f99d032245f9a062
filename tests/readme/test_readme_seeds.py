"""The code blocks of ReadMe's own setup page run as they stand, but for the import line."""

from __future__ import annotations

import inspect
import json
import re
from types import SimpleNamespace

import flask
import pytest
import vendor_pages
from har_schema import check_log
from servers import http_server

from wsgi_apimetrics.readme import MetricsApiConfig
from wsgi_apimetrics.redaction.mask import mask

BEGINNING = r"(def|from|import) \w|\w+ = \w+\("

pytestmark = vendor_pages.at_hand


@pytest.fixture
def page():
    """The three blocks of the page, with our import line."""
    blocks = vendor_pages.code_blocks(vendor_pages.text_of("readme-flask.txt"), BEGINNING)
    return [re.sub(r"from readme_metrics(\.\w+)? import", OURS, block) for block in blocks]


OURS = "from wsgi_apimetrics.readme import"


def names(**more):
    """Return what the page leaves open: path.to.your, and whether somebody is logged in."""
    namespace = {"user_is_authenticated": True} | more
    your = SimpleNamespace()
    namespace["path"] = SimpleNamespace(to=SimpleNamespace(your=your))
    return namespace, your


def logs_of(app, server):
    assert app.wsgi_app.flush(10)
    app.wsgi_app.shutdown(5)
    logs = [log for got in server.got for log in json.loads(got.body)]
    for log in logs:
        check_log(log)
    return logs


def test_the_page_has_three_blocks(page):
    """The grouping function, the set-up, and the options."""
    beginnings = ["def grouping_function(", "from flask import Flask", "metrics_extension ="]
    assert len(page) == 3
    assert all(map(str.startswith, page, beginnings)), page


@pytest.mark.parametrize("authenticated", [True, False])
def test_the_set_up_as_it_stands(page, monkeypatch, authenticated):
    """The first two blocks make an app whose exchanges arrive, if somebody is logged in."""
    grouping, set_up, _ = page
    with http_server() as server:
        monkeypatch.setenv("README_METRICS_SERVER", server.url)
        namespace, your = names(user_is_authenticated=authenticated)
        exec(grouping, namespace)
        your.grouping_function = namespace["grouping_function"]
        exec(set_up, namespace)
        app = namespace["app"]
        assert app.test_client().get("/", buffered=True).status_code == 404
        logs = logs_of(app, server)
        keys = [got.headers["Authorization"] for got in server.got]
    if not authenticated:
        assert (logs, keys) == ([], [])
        return
    (log,) = logs
    assert keys == ["Basic PDx1c2VyPj46"]
    assert log["group"]["id"] == mask("unique api_key of the user")
    assert log["group"]["email"] == "email address for user"


def test_the_options_as_they_stand(page, monkeypatch):
    """The third block: sent at once, on the request's thread, only the allowed names shown."""
    grouping, set_up, options = page
    with http_server() as server:
        monkeypatch.setenv("README_METRICS_SERVER", server.url)
        namespace, your = names()
        exec(grouping, namespace)
        your.grouping_function = namespace["grouping_function"]
        exec(set_up, namespace)
        exec(options, namespace)
        app = flask.Flask("app")
        app.add_url_rule("/", "home", lambda: {"city": "Oslo", "ssn": "123-45-6789"})
        namespace["metrics_extension"].init_app(app)
        assert app.test_client().get("/", buffered=True).get_json()["ssn"] == "123-45-6789"
        assert len(server.got) == 1, "background_worker_mode=False: it is there already"
        (log,) = logs_of(app, server)
    (entry,) = log["request"]["log"]["entries"]
    assert "123-45-6789" not in json.dumps(log)
    text = entry["response"]["content"].get("text", "")
    assert not text or json.loads(text)["city"] == "Oslo"


OPTION = re.compile(
    r"^`?(\w+)`?(?:bool|dict|int|str)(?:.*?[Dd]efaults to `?(\w+)`?|.*? after (\d+) requests)",
    re.MULTILINE,
)


@pytest.mark.parametrize("name", ["readme-flask.txt", "readme-wsgi.txt"])
def test_the_options_of_a_page_have_the_defaults_that_it_says(name):
    """Both pages' tables; the page for WSGI came without its blocks of code."""
    text = vendor_pages.text_of(name)
    said = {option: default or number for option, default, number in OPTION.findall(text)}
    parameters = inspect.signature(MetricsApiConfig).parameters
    assert len(said) >= 7, said
    assert said == {option: str(parameters[option].default) for option in said}
    assert ("base_log_url" in said) == (name == "readme-wsgi.txt")
