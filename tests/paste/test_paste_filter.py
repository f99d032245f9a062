"""The Paste filter: a real ini file, and each kind of mistake with the message a person gets."""

from __future__ import annotations

import textwrap

import pytest
from paste.deploy import loadapp
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware, ConfigurationError
from wsgi_apimetrics.paste import filter_app

SECRET = "rdme_0123456789"


def app_factory(global_conf, **local_conf):
    """The app at the end of the pipelines here."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"Hello"]

    return app


def who(request):
    """A grouping function to be named by its dotted path."""
    return {"api_key": request.headers["X-Key"]}


PIPELINE = f"""
    [pipeline:main]
    pipeline = metrics hello

    [app:hello]
    use = call:{__name__}:app_factory
"""


@pytest.fixture
def load(tmp_path):
    """Write an ini file of a filter section and a pipeline, and load its app."""

    def load(section, rest=PIPELINE, name="app.ini"):
        file = tmp_path / name
        file.write_text(textwrap.dedent(section) + textwrap.dedent(rest))
        return loadapp(f"config:{file}")

    return load


def refused(load, section, rest=PIPELINE):
    """Return the message that this file gets, and check that it begins with file and section."""
    with pytest.raises(ConfigurationError) as caught:
        load(section, rest)
    text = str(caught.value)
    assert "app.ini [filter:metrics]: " in text
    assert SECRET not in text
    return text.partition("[filter:metrics]: ")[2]


def test_a_pipeline_records(load, tmp_path):
    """The filter stands in the pipeline, with options of every kind parsed from text."""
    app = load(f"""
        [filter:metrics]
        use = egg:wsgi_apimetrics
        backends = local
        path = %(here)s/exchanges.db
        buffer_length = 1
        sample_rate = 1.0
        background_worker_mode = no
        grouping_function = {__name__}.who
        denylist =
            password
            token
        exclude_paths = /health, /static/*
    """)
    assert isinstance(app, ApiMetricsMiddleware)
    assert Client(app).get("/hi", headers={"X-Key": "k1"}).data == b"Hello"
    Client(app).get("/health", headers={"X-Key": "k1"})
    assert app.flush()
    assert app.stats()["local"].delivered == 1
    assert (tmp_path / "exchanges.db").exists()


def test_several_backends(load, tmp_path):
    """Each has its options under its name; what has no name holds for all."""
    app = load(f"""
        [filter:metrics]
        use = egg:wsgi_apimetrics#main
        backends = readme, local
        denylist = password
        readme.api_key = {SECRET}
        readme.denylist = token
        readme.request_url = http://127.0.0.1:9/v1/request
        local.path = %(here)s/exchanges.db
    """)
    readme, local = (lane.parts for lane in app.recorder.lanes)
    assert (readme.name, local.name) == ("readme", "local")
    assert readme.redaction.denylist == ("password", "token")
    assert local.redaction.denylist == ("password",)


def test_a_key_from_the_environment(load, monkeypatch):
    """``api_key_env`` names the variable, so that the file holds no secret."""
    monkeypatch.setenv("MY_README_KEY", SECRET)
    for name in ("api_key_env", "readme.api_key_env"):
        app = load(f"""
            [filter:metrics]
            use = egg:wsgi_apimetrics
            backends = readme
            {name} = MY_README_KEY
        """)
        assert app.recorder.lanes[0].parts.name == "readme"


def test_backends_from_the_environment(load, monkeypatch):
    """What the file leaves open, the environment may say."""
    monkeypatch.setenv("WSGI_APIMETRICS_BACKENDS", "readme")
    monkeypatch.setenv("WSGI_APIMETRICS_README_API_KEY", SECRET)
    app = load("[filter:metrics]\nuse = egg:wsgi_apimetrics\n")
    assert [lane.parts.name for lane in app.recorder.lanes] == ["readme"]


def test_other_ways_to_name_the_filter(load):
    """``call:``, ``paste.filter_app_factory``, ``filter-with`` and ``filter-app`` all work."""
    hello = f"use = call:{__name__}:app_factory"
    whole = [
        f"""
        [app:main]
        {hello}
        filter-with = metrics

        [filter:metrics]
        use = egg:wsgi_apimetrics
        """,
        f"""
        [filter-app:main]
        paste.filter_app_factory = wsgi_apimetrics.paste:filter_app
        next = hello

        [app:hello]
        {hello}
        """,
    ]
    for text in whole:
        assert isinstance(load(text, ""), ApiMetricsMiddleware)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("bufer_length = 5", "there is no option 'bufer_length': did you mean 'buffer_length'?"),
        (
            "buffer_length = ten",
            "buffer_length must be a whole number of at least 1, not 'ten'",
        ),
        ("buffer_length = 0", "buffer_length must be a whole number of at least 1, not 0"),
        ("enabled = maybe", "enabled must be True or False, not 'maybe'"),
        ("sample_rate = 2", "sample_rate must be a number of at least 0 and at most 1, not 2.0"),
        (
            "grouping_function = nowhere.who",
            (
                "grouping_function must be a function, or the dotted path of one, or None, "
                "not 'nowhere.who' (importing it: ModuleNotFoundError: No module named 'nowhere')"
            ),
        ),
        ("backends = readmee", "there is no backend 'readmee': the backends are "),
        (
            "backends = local\nreadme.api_key = k",
            (
                "readme.api_key is for a backend 'readme', which is not among the backends named "
                "here (local)"
            ),
        ),
        (
            "backends = readme\napi_key_env = NOT_SET_ANYWHERE",
            "api_key_env names an environment variable that is not set: 'NOT_SET_ANYWHERE'",
        ),
        (
            f"backends = readme\napi_key = {SECRET}\napi_key_env = HOME",
            "api_key and api_key_env are both given",
        ),
        (
            f"backends = readme\napi_key = {SECRET}\nreadme.api_key = {SECRET}",
            "api_key and readme.api_key are both given",
        ),
        ("backends = readme", "ReadMe: api_key is missing"),
        (
            f"backends = readme\napi_key = {SECRET}\nreadme.buffer_length = x",
            "readme.buffer_length must be a whole number of at least 1, not 'x'",
        ),
        ("backends = readme\napi_key =", "api_key must be a text that is not empty"),
        ("backends = readme, local\napi_key = k", "there is no option 'api_key'"),
    ],
)
def test_each_mistake_names_file_section_option_and_mend(load, lines, message):
    """The message begins with where it is and goes on as the constructor's does."""
    assert refused(load, f"[filter:metrics]\nuse = egg:wsgi_apimetrics\n{lines}\n").startswith(
        message
    )


def test_the_section_that_is_wrong_is_named_among_several(load):
    """Two filters, one with a mistake: it is that one's section that the message has."""
    text = refused(
        load,
        """
        [DEFAULT]
        threshold = 3

        [filter:other]
        use = egg:wsgi_apimetrics
        buffer_length = 5

        [filter:base]
        use = egg:wsgi_apimetrics
        buffer_length = 5

        [filter:metrics]
        use = base
        set colour = blue
        get threshold_unused = threshold
        path = %(here)s/a.db
        """,
    )
    assert text.startswith("there is no option 'threshold_unused'")


def test_sections_that_are_alike_are_all_named(load):
    """PasteDeploy does not say which section it is at."""
    with pytest.raises(ConfigurationError, match=r"\[filter:a\] or \[filter:metrics\]: "):
        load(
            "[filter:a]\nuse = egg:wsgi_apimetrics\nx = 1\n"
            "[filter:metrics]\nuse = egg:wsgi_apimetrics\nx = 1\n"
        )


def test_without_a_file():
    """Called by hand, there is no file to name."""
    with pytest.raises(ConfigurationError, match=r"^the Paste filter: there is no option 'x'"):
        filter_app(lambda *_: [], {}, x="1")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"no section\n"])
def test_a_file_that_can_not_be_read_again_is_still_named(tmp_path, content):
    """The message then has the file alone."""
    file = tmp_path / "gone.ini"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"gone\.ini: there is no option 'x'"):
        filter_app(lambda *_: [], {"__file__": str(file)}, x="1")
