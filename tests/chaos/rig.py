"""A gunicorn of four workers, a client that keeps asking, and what became of every request."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waiting import in_time

from .sink import Arrival, Sink

TESTS = Path(__file__).resolve().parents[1]
GRACE_SECONDS = 0.1
"""What a SIGKILL may cost with a spool: what was captured in the last tenth of a second."""

_KILL_SHOWS_WITHIN = 0.5
"""How long after a SIGKILL the backend sees that the connection has ended."""


class Gunicorn:
    """The server: four workers, in their own process group."""

    def __init__(
        self, sink: Sink, base: Path, *, spool: bool, options: tuple[str, ...] = ()
    ) -> None:
        self.spool = base / "spool" if spool else None
        self.stats = base / "stats"
        self.stats.mkdir(exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._command = [
            sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{self.port}", "-w", "4",
            "--worker-tmp-dir", "/dev/shm", "--log-level", "error", "--keep-alive", "5",
            "--graceful-timeout", "8", *options, "chaos.app:application",
        ]  # fmt: skip
        self._environment = {
            **os.environ, "PYTHONPATH": str(TESTS), "CHAOS_SINK": sink.url,
            "CHAOS_SPOOL": str(self.spool or ""), "CHAOS_STATS": str(self.stats),
        }  # fmt: skip
        self.log = base / "gunicorn.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log
            )
        assert in_time(self._answers, 20), self.log.read_text()

    def workers(self) -> list[int]:
        """Return the workers' process ids."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self) -> None:
        """End it by SIGTERM, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def told(self) -> list[dict[str, Any]]:
        """Return the counts of every process that has ended in good order."""
        return [json.loads(file.read_text()) for file in self.stats.glob("*.json")]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@dataclass
class Ledger:
    """What the client saw: each answered request, by which process and when."""

    asked: int = 0
    answered: dict[int, tuple[int, float]] = field(default_factory=dict)
    killed: dict[int, float] = field(default_factory=dict)


class Load:
    """Clients that ask as fast as they are allowed, each number once."""

    def __init__(self, port: int, total: int, rate: float, clients: int = 4) -> None:
        self.ledger = Ledger()
        self._port = port
        self._numbers: Iterator[int] = iter(range(1, total + 1))
        self._lock = threading.Lock()
        self._pause = clients / rate
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def running(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while True:
            with self._lock:
                number = next(self._numbers, None)
                self.ledger.asked += number is not None
            if number is None:
                connection.close()
                return
            begun = time.monotonic()
            try:
                connection.request("GET", f"/n/{number}")
                pid = int(connection.getresponse().read().split()[0])
                self.ledger.answered[number] = (pid, time.monotonic())
            except (OSError, http.client.HTTPException, ValueError, IndexError):
                connection.close()  # never asked again: whether it was captured is not known
                time.sleep(0.05)
            time.sleep(max(0.0, self._pause - (time.monotonic() - begun)))


@dataclass(frozen=True)
class Verdict:
    """What became of the exchanges.

    Attributes:
        unexcused_duplicates: Those that came again although the answer had come.
        unexplained: Those that nobody accounts for.
        overcounted: How many more the processes say are gone than can be.
    """

    captured: int
    delivered: int
    duplicates: int
    unexcused_duplicates: int
    dead_letters: int
    dropped: Counter[str]
    lost_to_kill: int
    unexplained: int
    overcounted: int
    laws_broken: int
    seconds: float


def judge(sink: Sink, server: Gunicorn, ledger: Ledger, seconds: float) -> Verdict:
    """Compare what the client saw with what the backend has and the processes say."""
    told = server.told()
    missing = set(ledger.answered) - set(sink.accepted)
    dead = missing & sink.refused
    missing -= dead
    killed = {
        number
        for number in missing
        if (pid := ledger.answered[number][0]) in ledger.killed
        and (not server.spool or ledger.answered[number][1] >= ledger.killed[pid] - GRACE_SECONDS)
    }
    dropped: Counter[str] = Counter()
    for one in told:
        dropped.update(one["dropped"])
    counted = sum(dropped.values()) + sum(one["dead_lettered"] for one in told) - len(dead)
    gone = len(missing - killed)
    unsure = sum(not any(it.answered for it in came) for came in sink.arrivals.values())
    arrivals = {number: came for number, came in sink.arrivals.items() if number}
    return Verdict(
        captured=len(ledger.answered),
        delivered=len(set(sink.accepted) & set(ledger.answered)),
        duplicates=sum(len(came) - 1 for came in arrivals.values()),
        unexcused_duplicates=sum(
            not _is_excused(one, ledger) for came in arrivals.values() for one in came[:-1]
        ),
        dead_letters=len(dead),
        dropped=dropped,
        lost_to_kill=len(killed),
        unexplained=max(0, gone - counted),
        overcounted=max(0, counted - gone - unsure - (ledger.asked - len(ledger.answered))),
        laws_broken=sum(not one["law"] for one in told),
        seconds=seconds,
    )


def _is_excused(arrival: Arrival, ledger: Ledger) -> bool:
    """Whether the sender of ``arrival`` could not know that it had arrived."""
    if not arrival.answered:
        return True
    return arrival.ended is not None and any(
        abs(arrival.ended - killed) < _KILL_SHOWS_WITHIN for killed in ledger.killed.values()
    )
