"""gunicorn with one worker process, around one subject."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import closing, contextmanager

from .processes import ROOT, peers_python

KINDS = {"sync": ("-k", "sync"), "gthread": ("-k", "gthread", "--threads", "4")}
START_SECONDS = 30


@contextmanager
def serving(subject, ports, kind="sync"):
    """Yield the port on which gunicorn serves ``subject``."""
    port = _free_port()
    process = subprocess.Popen(
        [
            peers_python(), "-m", "gunicorn", "-w", "1", *KINDS[kind], "-b", f"127.0.0.1:{port}",
            "--log-level", "critical", "--worker-tmp-dir", "/dev/shm", "bench.served:app",
        ],
        cwd=ROOT,
        env={**os.environ, "BENCH_SUBJECT": subject, "BENCH_PORTS": json.dumps(ports),
             "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _free_port():
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(port):
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as client:
                client.sendall(b"GET /stats HTTP/1.0\r\n\r\n")
                if client.recv(1):
                    return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
