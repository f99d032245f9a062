"""A backend with a temper: a real HTTP server on loopback whose mood changes as it is told."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOODS = (
    "healthy", "slow", "hang", "reset", "refuse", "401", "429", "500", "503", "400 for one",
)  # fmt: skip
_SILENT = ("hang", "reset", "refuse")
"""The payload is taken, but its answer never comes, or breaks off."""
_NUMBER = re.compile(r"/n/(\d+)")


@dataclass
class Arrival:
    """One time that an exchange came and was taken.

    Attributes:
        answered: Whether the whole answer went to somebody who was still there to read it.
        ended: When its connection ended with it as the last that was sent there, if it did.
    """

    answered: bool = False
    ended: float | None = None


class Sink:
    """Counts the exchanges that it accepts, by their number.

    Attributes:
        accepted: How often each was accepted with an answer of 2xx.
        arrivals: Every time that each was taken, also where the answer broke off or never came.
        refused: Those that it refuses for good.
    """

    def __init__(self) -> None:
        self.mood = "healthy"
        self.accepted: Counter[int] = Counter()
        self.arrivals: defaultdict[int, list[Arrival]] = defaultdict(list)
        self.refused: set[int] = set()
        self.requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self._listen()

    @property
    def url(self) -> str:
        """Where it listens, whatever its mood."""
        return f"http://127.0.0.1:{self.port}"

    def feel(self, mood: str) -> None:
        """Change the mood; ``refuse`` closes the door."""
        self.mood = mood
        if mood == "refuse":
            self.close()
        elif self._server is None:
            self._listen()

    def close(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _listen(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), self._handler())
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, body: bytes, mood: str) -> tuple[int, list[Arrival]]:
        """Return the status for a payload, its exchanges counted if it is accepted."""
        numbers = [
            int(_NUMBER.search(log["request"]["log"]["entries"][0]["request"]["url"])[1])
            for log in json.loads(body)
        ]
        with self._lock:
            self.requests[mood] += 1
            if mood in _SILENT:
                return 0, self._arrived(numbers)
            bad = [number for number in numbers if number and number % 97 == 0]
            if mood == "400 for one" and bad:
                if len(numbers) == 1:
                    self.refused.update(numbers)
                return 400, []
            if mood in ("healthy", "slow", "400 for one"):
                self.accepted.update(numbers)
                return 202, self._arrived(numbers)
        return int(mood), []

    def _arrived(self, numbers: list[int]) -> list[Arrival]:
        arrivals = [Arrival() for _ in numbers]
        for number, arrival in zip(numbers, arrivals, strict=True):
            self.arrivals[number].append(arrival)
        return arrivals

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def setup(self) -> None:
                super().setup()
                self.last: list[Arrival] = []

            def do_POST(self) -> None:
                mood = sink.mood
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, self.last = sink.take(body, mood)
                deadline = time.monotonic() + 3
                while mood == "hang" and sink.mood == "hang" and time.monotonic() < deadline:
                    time.sleep(0.02)
                if mood == "slow":
                    time.sleep(0.3)
                if not status:
                    self._reset(b"HTTP/1.1 202 Acc" if mood == "reset" else b"")
                    return
                there = self._is_there()
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()
                there = there and not self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                for arrival in self.last:
                    arrival.answered = there

            def _is_there(self) -> bool:
                """Whether the other end has not gone away meanwhile."""
                readable = select.select([self.connection], [], [], 0)[0]
                with contextlib.suppress(OSError):
                    return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))
                return False

            def _reset(self, beginning: bytes) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.wfile.write(beginning)
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # a reset: what was last answered was never read
                    for arrival in self.last:
                        arrival.answered = False
                for arrival in self.last:
                    arrival.ended = time.monotonic()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing: connections break on purpose here."""
