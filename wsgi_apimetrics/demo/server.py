"""The demo's server: gunicorn in a process of its own, on a port that the system chose."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

import urllib3

from ..exceptions import ApiMetricsError
from .secrets import PASSWORD, TOKEN

_STARTS_WITHIN_SECONDS = 20.0
_ENDS_WITHIN_SECONDS = 15.0


class DemoFailed(ApiMetricsError):
    """The demo could not go on; the text says why."""


class Server:
    """The demo API under gunicorn; a context manager.

    Args:
        store: Where its exchanges go.

    Attributes:
        url: Where it answers.
    """

    def __init__(self, store: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WSGI_APIMETRICS_")},
            "WSGI_APIMETRICS_LOCAL_PATH": str(store),
            "DEMO_PASSWORD": PASSWORD,
            "DEMO_TOKEN": TOKEN,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:  # noqa: PYI034 - typing.Self is of Python 3.11
        # The socket is handed down, so no other program can take the port in between.
        descriptor = self._listener.fileno()
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4"),
                *("--bind", f"fd://{descriptor}", "wsgi_apimetrics.demo.api:app"),
            ],
            pass_fds=[descriptor],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is the demo's to handle: it ends the server itself, in order.
            start_new_session=True,
        )
        try:
            self._wait(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server as its owner would: the workers send what they hold first."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_ENDS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._listener.close()
        self._log.close()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the server answers."""
        # The socket is ours and listens: a request waits there, whether or not anybody is to come.
        http = urllib3.PoolManager(retries=False, timeout=0.5)
        until = time.monotonic() + _STARTS_WITHIN_SECONDS
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                # An OPTIONS request is not recorded.
                http.request("OPTIONS", f"{self.url}/products")
                http.clear()
                return
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace")[-2000:].strip()
        raise DemoFailed(f"the demo's server did not start:\n{said}")
