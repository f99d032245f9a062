"""The demo runs by itself, as a new user runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from wsgi_apimetrics.store import Store


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The demo's result, its text, and its store."""
    state = tmp_path_factory.mktemp("state")
    result = subprocess.run(
        [sys.executable, "-m", "wsgi_apimetrics", "demo", "--requests", "60"],
        env={**os.environ, "XDG_STATE_HOME": str(state), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result, state / "wsgi-apimetrics" / "demo.sqlite"


def test_it_ends_by_itself_with_success(ran):
    """No account, no question, exit code 0, nothing on stderr."""
    result, _ = ran
    assert (result.returncode, result.stderr) == (0, "")


def test_every_request_is_in_the_store(ran):
    """What was sent was recorded, of every kind, with who called."""
    _, path = ran
    with Store(path) as store:
        assert store.extent().exchanges == 60
        seen = {(one.method, one.endpoint, one.status) for one in store.page(size=60).summaries}
        callers = {one.caller_label for one in store.page(size=60).summaries}
    assert {
        ("POST", "/orders", 201),
        ("PUT", "/users/<name>/avatar", 200),
        ("GET", "/export", 200),
        ("GET", "/events", 200),
        ("GET", "/reports/<int:year>", 500),
    } <= seen
    assert "Ada's Analytics" in callers


def test_it_shows_a_table_one_exchange_and_where_to_look(ran):
    """All that a first look needs is on the screen."""
    result, path = ran
    for part in ("What was captured", "POST http://127.0.0.1", "taken out", str(path), "inspect"):
        assert part in result.stdout


def test_the_store_is_private(ran):
    """Nobody else can read it."""
    _, path = ran
    assert path.stat().st_mode & 0o777 == 0o600
