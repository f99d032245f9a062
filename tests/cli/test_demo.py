"""The demo runs by itself, as a new user runs it."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from store.samples import exchange, lines
from waiting import until

from wsgi_apimetrics.demo.secrets import PLANTED
from wsgi_apimetrics.demo.server import DemoFailed, Server
from wsgi_apimetrics.demo.traffic import calls, drive
from wsgi_apimetrics.store import Store, Writer
from wsgi_apimetrics.store.schema import APPLICATION_ID, MIGRATIONS


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
    path = tmp_path / "wsgi-apimetrics" / "demo.sqlite"
    with Store(path) as store:
        until(lambda: store.extent().exchanges > 20 + 12, 30)
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate()
    watchdog.cancel()
    assert (process.returncode, said) == (0, "")
    assert "What was captured" in rest


@contextmanager
def at_a_terminal(state):
    """The demo at a terminal of its own, and what reads there until some text has come."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wsgi_apimetrics", "demo", "--requests", "12"],
        env={**os.environ, "XDG_STATE_HOME": str(state), "COLUMNS": "120", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    shown = bytearray()

    def read_until(wanted):
        while (found := re.search(wanted, bytes(shown))) is None:
            shown.extend(os.read(ours, 65536))  # raises once the demo has ended
        return found[0].decode()

    try:
        yield process, ours, read_until
    finally:
        process.kill()
        process.wait()
        watchdog.cancel()
        os.close(ours)


def test_at_a_terminal_it_ends_by_offering_the_inspector(tmp_path):
    """Enter starts it; the address that it prints shows what was captured; Ctrl-C ends it."""
    with at_a_terminal(tmp_path) as (process, terminal, read_until):
        read_until(rb"in the browser now\?")
        os.write(terminal, b"\n")
        address = read_until(rb"http://127\.0\.0\.1:\d+/\?token=[\w-]+(?=\s)")
        with build_opener(HTTPCookieProcessor()).open(address) as page:
            assert b"/orders" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_the_offer_can_be_turned_down(tmp_path):
    """By "n", or by Ctrl-D."""
    for answer in (b"n\n", b"\x04"):
        with at_a_terminal(tmp_path) as (process, terminal, read_until):
            read_until(rb"in the browser now\?")
            os.write(terminal, answer)
            assert process.wait(30) == 0


def test_the_store_is_private(ran):
    """Nobody else can read it."""
    _, path = ran
    assert path.stat().st_mode & 0o777 == 0o600


def demo(state, *arguments, without=()):
    """Run the demo in this process's stead, as if some packages were not installed."""
    source = (
        f"import sys; sys.modules.update(dict.fromkeys({without!r}));"
        f"sys.argv = ['x', 'demo', *{arguments!r}]; from wsgi_apimetrics.cli import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", source],
        env={**os.environ, "XDG_STATE_HOME": str(state), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_each_run_begins_with_an_empty_store_of_its_own(tmp_path):
    """What the last one left is gone; with no order among the requests, no order is shown."""
    for _ in range(2):
        out, said = demo(tmp_path, "--requests", "1").communicate(timeout=60)
        assert said == ""
        assert "1 exchanges are in" in out
        assert "One exchange, whole" not in out
        assert "show ID" in out


@pytest.mark.parametrize("version", [0, 1])
def test_what_an_older_version_or_a_stopped_run_left_is_taken_away(tmp_path, version):
    """A store of the first version, and one that was not yet filled."""
    left = tmp_path / "wsgi-apimetrics" / "demo.sqlite"
    left.parent.mkdir()
    with closing(sqlite3.connect(left)) as old:
        for script in MIGRATIONS[:version]:
            old.executescript(script)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID if version else 0}")
        old.execute(f"PRAGMA user_version = {version}")
    left.touch()
    out, said = demo(tmp_path, "--requests", "1").communicate(timeout=60)
    assert said == ""
    assert "1 exchanges are in" in out


def test_a_file_that_is_no_store_is_not_emptied(tmp_path):
    """Somebody's diary in the demo's place."""
    diary = tmp_path / "wsgi-apimetrics" / "demo.sqlite"
    diary.parent.mkdir()
    diary.write_text("Dear diary,")
    out, said = demo(tmp_path, "--requests", "1").communicate(timeout=60)
    assert (out, "is not a store" in said) == ("", True)
    assert diary.read_text() == "Dear diary,"


def test_a_store_of_ones_own_is_kept_and_looked_through(tmp_path):
    """What was in it stays; a planted secret that is in it is found, whoever put it there."""
    path = tmp_path / "own.sqlite"
    writer = Writer(path)
    careless = exchange("/careless", got=PLANTED["cvc in nested JSON"].encode())
    writer.append(lines(careless, *(exchange(f"/{number}") for number in range(600))))
    writer.close()
    out, _ = demo(tmp_path, "--requests", "1", "--store", str(path)).communicate(timeout=60)
    assert "602 exchanges are in" in out
    assert "1 of 10 planted secrets are in the store: cvc in nested JSON" in out


def test_serve_without_the_inspector_says_how_to_look(tmp_path):
    """The command that would, for when it is installed."""
    process = demo(tmp_path, "--requests", "1", "--serve", without=("jinja2",))
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    told = []
    while not any("Ctrl-C" in line for line in told):
        told.append(process.stdout.readline())
        assert told[-1], "it ended by itself"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    watchdog.cancel()
    assert (process.returncode, said) == (0, "")
    assert any(" inspect --store " in line for line in told)
    assert not any("The inspector shows" in line for line in told)


def test_a_server_that_does_not_start_is_said_with_its_own_words(tmp_path, monkeypatch):
    """Not waited for when it has ended already."""
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--no-such-option")
    with pytest.raises(DemoFailed, match="no-such-option"), Server(tmp_path / "x.sqlite"):
        pytest.fail("it started")


def test_a_server_that_does_not_answer_in_time_is_ended(tmp_path, monkeypatch):
    """With it, what it holds."""
    monkeypatch.setattr("wsgi_apimetrics.demo.server._STARTS_WITHIN_SECONDS", 0.0)
    server = Server(tmp_path / "x.sqlite")
    with pytest.raises(DemoFailed, match="did not start"):
        server.__enter__()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5)
    server.stop()


def test_a_server_that_hangs_is_killed(tmp_path, monkeypatch):
    """The demo ends all the same."""
    monkeypatch.setattr("wsgi_apimetrics.demo.server._ENDS_WITHIN_SECONDS", 0.1)
    with Server(tmp_path / "x.sqlite") as server:
        process = server._process
        process.send_signal(signal.SIGSTOP)
    assert process.returncode == -signal.SIGKILL


def test_requests_that_nobody_answers_are_counted_as_such():
    """Each is told of, none was answered."""
    told = []
    assert drive("http://127.0.0.1:9", calls(3), lambda: told.append(1)) == 0
    assert len(told) == 3
