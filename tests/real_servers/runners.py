"""Starts each real server on a free port of loopback, and stops it cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from components import require
from waiting import in_time, until

from .files import prepare
from .wire import Connection, request

if TYPE_CHECKING:
    from typing_extensions import Self

TESTS = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
APP = "real_servers.app:application"

_GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:{port}", "-w", "1"),
    *("--worker-tmp-dir", "/dev/shm"),
]

COMMANDS: dict[str, list[str]] = {
    "wsgiref": [sys.executable, "-m", "real_servers.simple", "{port}", "{app}"],
    "gunicorn-sync": [*_GUNICORN, "{app}"],
    "gunicorn-gthread": [*_GUNICORN, "-k", "gthread", "--threads", "4", "{app}"],
    "waitress": [sys.executable, "-m", "waitress", "--listen=127.0.0.1:{port}", "{app}"],
    "uwsgi": [str(BIN / "uwsgi"), "--http-socket", "127.0.0.1:{port}", "--module", "{app}",
              "--processes", "1", "--enable-threads", "--need-app", "--die-on-term",
              "--virtualenv", sys.prefix],
    "gunicorn-gevent": [*_GUNICORN, "-k", "gevent", "{app}"],
    "gunicorn-preload": [*_GUNICORN, "--preload", "{app}"],
    "gunicorn-paste": [*_GUNICORN, "--paste", "{place}/app.ini"],
    "cheroot": [str(BIN / "cheroot"), "--bind", "127.0.0.1:{port}", "{app}"],
    "werkzeug-reloader": [sys.executable, "-m", "real_servers.reloading", "{port}", "{app}"],
    "mod_wsgi": ["/usr/sbin/apache2", "-f", "{place}/apache.conf", "-D", "FOREGROUND"],
    "mod_wsgi-global": [
        *("/usr/sbin/apache2", "-f", "{place}/apache.conf", "-D", "FOREGROUND"),
        *("-c", "WSGIApplicationGroup %{{GLOBAL}}"),
    ],
}  # fmt: skip
SERVERS = ("wsgiref", "gunicorn-sync", "gunicorn-gthread", "waitress", "uwsgi")
MORE = ("gunicorn-gevent", "gunicorn-preload", "cheroot", "werkzeug-reloader", "mod_wsgi")
"""What the zoo goes through: the first always, the second in the tests that are slow."""
GUNICORN = int(version("gunicorn").partition(".")[0])
"""The installed one's major version."""


class Server:
    """One server process; a context manager.

    Args:
        kind: One of :data:`COMMANDS`.
        layer: ``ZOO_LAYER`` of the process.
        log: Where its output goes.
        app: What it serves: module and name.
    """

    def __init__(self, kind: str, layer: str, log: Path, app: str = APP) -> None:
        self.kind = kind
        self.layer = layer
        self.log = log
        self.app = app
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self) -> Self:
        self.files = tempfile.TemporaryDirectory(prefix="server-")
        prepare(Path(self.files.name), self.app, self.port)
        names = {"port": self.port, "app": self.app, "place": self.files.name}
        command = [part.format(**names) for part in COMMANDS[self.kind]]
        environment = {**os.environ, "PYTHONPATH": str(TESTS), "ZOO_LAYER": self.layer}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=TESTS.parent,
                start_new_session=True,  # the reloader leaves a child behind: see stop()
            )
        try:
            until(self._is_up, 60)
        except BaseException:
            self.stop()
            raise AssertionError(f"{self.kind} did not start:\n{self.output}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError("it ended")
        try:
            self.ask("journal")
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Ask it to end, and make sure that it does."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.files.cleanup()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    def ask(self, door: str) -> Any:
        """Return what the app tells at ``/-/door``."""
        with Connection(self.port) as connection:
            connection.send(request("GET", f"/-/{door}"))
            return json.loads(connection.answer().body)

    def exchanges(self, target: str, at_least: int) -> list[dict[str, Any]]:
        """Return what was recorded of requests to ``target``, waiting for so many."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = [one for one in self.ask("exchanges") if one["path"] == target]
            return len(found) >= at_least

        in_time(enough, 3)
        return found


_PROGRAMS = {
    "uwsgi": "uwsgi",
    "waitress": "waitress-serve",
    "cheroot": "cheroot",
}


def available(kind: str) -> None:
    """Skip, or fail in CI, if this server is not installed."""
    if kind.startswith("mod_wsgi"):
        require("apache2")
        module = require("mod_wsgi").resolve().read_bytes()
        if b"libpython%d.%d" % sys.version_info[:2] not in module:
            pytest.skip("mod_wsgi is built for another Python")
    elif kind not in ("wsgiref", "werkzeug-reloader"):
        binary = BIN / _PROGRAMS.get(kind, "gunicorn")
        if not binary.exists():
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{kind} is not installed")
