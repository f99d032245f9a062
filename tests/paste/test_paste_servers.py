"""``gunicorn --paste app.ini`` and ``pserve app.ini`` run a pipeline with the filter."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from real_servers.wire import Connection, request
from waiting import until

from wsgi_apimetrics.store.reader import Store

EXAMPLE = Path(__file__).parents[2] / "examples" / "paste"
BIN = Path(sys.executable).parent

COMMANDS = {
    "gunicorn": [
        *(sys.executable, "-m", "gunicorn", "--paste", "app.ini", "-b", "127.0.0.1:{port}"),
        *("--worker-tmp-dir", "/dev/shm"),
    ],
    "pserve": [str(BIN / "pserve"), "app.ini"],
}


@pytest.fixture
def place(tmp_path):
    """A copy of the example, with its own store and a free port."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    return tmp_path


def edit(place, old, new):
    file = place / "app.ini"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def start(place, command):
    """Start the server; return its process and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    edit(place, "127.0.0.1:8000", f"127.0.0.1:{port}")
    environment = {**os.environ, "PYTHONPATH": str(place)}
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in COMMANDS[command]],
            cwd=place,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return process, port


def answers(port):
    with contextlib.suppress(OSError), Connection(port) as connection:
        connection.send(request("GET", "/", b"", ("X-User", "ann")))
        return connection.answer().body
    return None


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_is_served_and_recorded(place, command):
    """The pipeline of the example answers, and its exchanges are in the store that it names,
    at the latest when the server has ended.
    """
    process, port = start(place, command)
    try:
        assert until(lambda: answers(port)) == b"Hello\n"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(15)
    log = (place / "log").read_text()
    with Store(place / "exchanges.db") as store:
        [summary] = store.page().summaries
    assert (summary.route, summary.status) == ("/", 200), log


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mistake_stops_the_server_with_its_place_and_mend(place, command):
    """The server does not start, and says which option of which section of which file."""
    edit(place, "grouping_function = hello.who", "groupin_function = hello.who")
    process, _ = start(place, command)
    assert process.wait(15) != 0
    log = (place / "log").read_text()
    assert (
        f"{place}/app.ini [filter:metrics]: there is no option 'groupin_function': "
        "did you mean 'grouping_function'?"
    ) in log
