"""The demo runs by itself, as a new user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from wsgi_apimetrics.demo.secrets import PLANTED
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


def test_no_planted_secret_is_in_the_store(ran):
    """Passwords, tokens, cookies and card numbers were taken out before anything was written."""
    result, path = ran
    assert "none of them is in the store" in result.stdout
    content = b"".join(one.read_bytes() for one in path.parent.iterdir())
    with Store(path) as store:
        content += b"".join(store.lines())
    for place, secret in PLANTED.items():
        assert secret.encode() not in content, place


def test_a_missing_extra_is_named():
    """Without Flask the demo says what to install."""
    source = (
        "import importlib.util as u, sys; found = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'flask' else found(name, *a);"
        "sys.argv = ['x', 'demo']; from wsgi_apimetrics.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=30
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "pip install 'wsgi-apimetrics[demo]'" in result.stderr


def test_serve_stays_up_until_ctrl_c(tmp_path):
    """Traffic flows on; Ctrl-C ends it in order, with the table and exit code 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wsgi_apimetrics", "demo", "--requests", "20", "--serve"],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    told = []
    while not any("Ctrl-C" in line for line in told):
        told.append(process.stdout.readline())
        assert told[-1], "it ended by itself"
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate()
    watchdog.cancel()
    assert (process.returncode, said) == (0, "")
    assert "What was captured" in rest


def test_the_store_is_private(ran):
    """Nobody else can read it."""
    _, path = ran
    assert path.stat().st_mode & 0o777 == 0o600
