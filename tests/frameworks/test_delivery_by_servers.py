"""The worker behind every server: it runs where the requests are, and at the end of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from real_servers.runners import Server, available
from waiting import until

from frameworks.matrix import AT_EXIT
from wsgi_apimetrics.exceptions import StoreError
from wsgi_apimetrics.store.reader import Store

KINDS = [
    pytest.param(kind, marks=() if kind in ("gunicorn-preload", "uwsgi") else pytest.mark.slow)
    for kind in AT_EXIT
]


@pytest.fixture
def store():
    """A path that a server's own user may write to."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        yield Path(place) / "exchanges.db"


def stored(path):
    try:
        with Store(path) as store:
            return [one.path for one in store.page().summaries]
    except StoreError:  # not there, or not ready yet
        return []


def served(kind, store, flush, monkeypatch, tmp_path):
    available(kind)
    monkeypatch.setenv("STORE", str(store))
    monkeypatch.setenv("FLUSH", str(flush))
    return Server(kind, "", tmp_path / "log", app="frameworks.stored:application")


@pytest.mark.parametrize("kind", KINDS)
def test_the_worker_runs_where_the_requests_are(kind, store, monkeypatch, tmp_path):
    """Whatever forks, patches or reloads: exchanges arrive while the server is up."""
    with served(kind, store, 0.1, monkeypatch, tmp_path) as server:
        server.ask("hello")
        until(lambda: "/-/hello" in stored(store))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_held_when_the_server_is_asked_to_end(kind, store, monkeypatch, tmp_path):
    """SIGTERM: sent at once where the server lets its processes end, lost where it kills them."""
    with served(kind, store, 600, monkeypatch, tmp_path) as server:
        server.ask("hello")
        if kind == "uwsgi":  # asked in the middle of a request, it just goes
            until(lambda: "/-/hello" in server.output)
    assert ("/-/hello" in stored(store)) == AT_EXIT[kind], server.output
