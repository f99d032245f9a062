"""The processes of a measurement: started, spoken to by lines of JSON, and ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".venv-peers" / "bin"
ARRIVAL_SECONDS = 30


def peers_python():
    """Return the interpreter that has the peers, or raise with what to do."""
    python = PEERS / "python"
    if not python.exists():
        raise SystemExit("no .venv-peers: make .venv-peers/ready")
    return str(python)


class Talking:
    """A Python module that runs as a process and answers each line by one of JSON."""

    def __init__(self, module, *arguments, python=None, quiet=True):
        self._process = subprocess.Popen(
            [python or sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        self.first = self._read()

    def ask(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return self._read()

    def end(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._process.args)} ended: {self._process.wait()}")
        return json.loads(line)


@contextmanager
def sink(*names, python=None):
    """Yield a sink with a port for each name, as ``(ask, ports)``."""
    process = Talking("bench.sink", *names, python=python)
    try:
        yield process, process.first
    finally:
        process.end()


def arrived(sink_process, name, wanted, seconds=ARRIVAL_SECONDS):
    """Wait until so many exchanges have come in; return how many did."""
    deadline = time.monotonic() + seconds
    while True:
        counts = sink_process.ask(name)
        if counts["exchanges"] >= wanted or time.monotonic() > deadline:
            return counts
        time.sleep(0.05)
