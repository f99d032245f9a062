"""Every server in a process of its own: what was answered has arrived, each exchange once."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from chaos.sink import Sink
from components import require
from servers import free_port
from waiting import in_time

TESTS = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
GUNICORN = [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:{port}", "-w", "2",
            "--worker-tmp-dir", "/dev/shm", "--log-level", "error"]  # fmt: skip
UWSGI = [str(BIN / "uwsgi"), "--http-socket", "127.0.0.1:{port}", "--module", "chaos.app",
         "--master", "--processes", "2", "--die-on-term", "--need-app", "--disable-logging",
         "--virtualenv", sys.prefix]  # fmt: skip
APP = "chaos.app:application"
COMMANDS = {
    "gunicorn sync": ([*GUNICORN, APP], signal.SIGTERM),
    "gunicorn preloaded": ([*GUNICORN, "--preload", APP], signal.SIGTERM),
    "gunicorn gthread": ([*GUNICORN, "-k", "gthread", "--threads", "4", APP], signal.SIGTERM),
    "gunicorn gevent": ([*GUNICORN, "-k", "gevent", APP], signal.SIGTERM),
    "gunicorn recycled": ([*GUNICORN, "--max-requests", "10", APP], signal.SIGTERM),
    "uwsgi prefork": ([*UWSGI], signal.SIGTERM),
    "uwsgi with fork hooks": ([*UWSGI, "--py-call-uwsgi-fork-hooks"], signal.SIGTERM),
    "uwsgi lazy": ([*UWSGI, "--lazy-apps"], signal.SIGTERM),
    "uwsgi threads": ([*UWSGI, "--threads", "4"], signal.SIGTERM),
    # waitress ends on TERM without a last word to the interpreter; INT is its way to stop
    "waitress": ([sys.executable, "-m", "waitress", "--listen=127.0.0.1:{port}", APP],
                 signal.SIGINT),
}  # fmt: skip
REQUESTS = 60


@pytest.fixture
def sink():
    """A healthy backend."""
    it = Sink()
    yield it
    it.close()


def ask(port: int, number: int) -> int:
    """Ask once; return the process that answered, 0 if none did."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"/n/{number}", headers={"Connection": "close"})
        return int(connection.getresponse().read().split()[0])
    except (OSError, http.client.HTTPException, IndexError, ValueError):
        return 0
    finally:
        connection.close()


def is_up(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def load(port: int) -> set[int]:
    """Ask 60 times, four at a time; return the numbers that were answered."""
    numbers = range(1, REQUESTS + 1)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        pids = pool.map(lambda number: ask(port, number), numbers)
        answered = {number for number, pid in zip(numbers, pids, strict=True) if pid}
    time.sleep(0.2)  # uWSGI runs no exit hook in a worker that is still closing a request
    return answered


def environment(sink: Sink, tmp_path: Path) -> dict[str, str]:
    # A call that times out is sent again, rightly: "only once" needs a patient client.
    return {**os.environ, "PYTHONPATH": str(TESTS), "CHAOS_SINK": sink.url, "CHAOS_SPOOL": "",
            "CHAOS_STATS": str(tmp_path), "CHAOS_TIMEOUT": "20"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMMANDS)
def test_all_that_was_answered_arrives(kind, sink, tmp_path):
    """Sixty requests, then the server is stopped: each answered one arrives, and only once."""
    if "gevent" in kind:
        pytest.importorskip("gevent")
    if "uwsgi" in kind:
        require("uwsgi")
    command, stop = COMMANDS[kind]
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command], env=environment(sink, tmp_path),
            stdout=output, stderr=subprocess.STDOUT, cwd=TESTS.parent,
        )  # fmt: skip
    try:
        assert in_time(lambda: is_up(port), 60), log.read_text()
        answered = load(port)
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert len(answered) >= REQUESTS - 5, log.read_text()
    assert answered <= set(sink.accepted), f"{answered - set(sink.accepted)} {log.read_text()}"
    assert set(sink.accepted.values()) == {1}


APACHE = """
ServerRoot {base}
PidFile {base}/pid
Listen 127.0.0.1:{port}
ServerName localhost
ErrorLog {base}/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule wsgi_module {module}
{identity}WSGISocketPrefix {base}/wsgi
WSGIDaemonProcess app processes=2 threads=4 python-path={path} user={user} group={group}
WSGIScriptAlias / {base}/app.wsgi process-group=app application-group=%{{GLOBAL}}
<Directory {base}>
Require all granted
</Directory>
"""


@pytest.fixture
def public_dir():
    """A directory that the user whom Apache becomes can read: mod_wsgi refuses to run as root."""
    base = Path(tempfile.mkdtemp(prefix="mod-wsgi-"))
    base.chmod(0o777)
    yield base
    shutil.rmtree(base)


@pytest.mark.slow
def test_all_that_was_answered_arrives_under_mod_wsgi(sink, public_dir):
    """The same under Debian's Apache with mod_wsgi in daemon mode."""
    apache, module = require("apache2"), require("mod_wsgi")
    port = free_port()
    paths = [str(TESTS), *[path for path in sys.path if "site-packages" in path], str(TESTS.parent)]
    names = {"CHAOS_SINK": sink.url, "CHAOS_SPOOL": "", "CHAOS_STATS": str(public_dir)}
    names["CHAOS_TIMEOUT"] = "20"
    (public_dir / "app.wsgi").write_text(
        f"import os\nos.environ.update({names!r})\nfrom chaos.app import application\n"
    )
    root = os.getuid() == 0
    config = public_dir / "apache.conf"
    user, group = ("nobody", "nogroup") if root else (f"#{os.getuid()}", f"#{os.getgid()}")
    config.write_text(
        APACHE.format(
            base=public_dir,
            port=port,
            module=module,
            path=":".join(paths),
            identity=f"User {user}\nGroup {group}\n" if root else "",
            user=user,
            group=group,
        )
    )
    process = subprocess.Popen([str(apache), "-f", str(config), "-DFOREGROUND"])
    error_log = public_dir / "error.log"
    try:
        assert in_time(lambda: is_up(port), 60), error_log.read_text()
        answered = load(port)
    finally:
        process.terminate()
        process.wait(20)
    assert len(answered) >= REQUESTS - 5, error_log.read_text()
    assert answered <= set(sink.accepted), error_log.read_text()
    assert set(sink.accepted.values()) == {1}
