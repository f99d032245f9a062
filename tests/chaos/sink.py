"""A backend with a temper: a real HTTP server on loopback whose mood changes as it is told."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOODS = (
    "healthy", "slow", "hang", "reset", "refuse", "401", "429", "500", "503", "400 for one",
)  # fmt: skip
_NUMBER = re.compile(r"/n/(\d+)")


class Sink:
    """Counts the exchanges that it accepts, by their number.

    Attributes:
        accepted: How often each was accepted with an answer of 2xx.
        unanswered: Those that it has read and never answered: a second time is no fault.
        refused: Those that it refuses for good.
    """

    def __init__(self) -> None:
        self.mood = "healthy"
        self.accepted: Counter[int] = Counter()
        self.unanswered: set[int] = set()
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

    def take(self, body: bytes, mood: str) -> int:
        """Return the status for a payload, its exchanges counted if it is accepted."""
        numbers = [
            int(_NUMBER.search(log["request"]["log"]["entries"][0]["request"]["url"])[1])
            for log in json.loads(body)
        ]
        with self._lock:
            self.requests[mood] += 1
            if mood == "reset":
                self.unanswered.update(numbers)
                return 0
            bad = [number for number in numbers if number % 97 == 0]
            if mood == "400 for one" and bad:
                if len(numbers) == 1:
                    self.refused.update(numbers)
                return 400
            if mood in ("healthy", "slow", "400 for one"):
                self.accepted.update(numbers)
                return 202
        return int(mood) if mood.isdigit() else 202

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_POST(self) -> None:
                mood = sink.mood
                body = self.rfile.read(int(self.headers["Content-Length"]))
                deadline = time.monotonic() + 3
                while mood == "hang" and sink.mood == "hang" and time.monotonic() < deadline:
                    time.sleep(0.02)
                if mood in ("hang", "refuse"):
                    self._reset(b"")
                    return
                status = sink.take(body, mood)
                if mood == "slow":
                    time.sleep(0.3)
                if not status:
                    self._reset(b"HTTP/1.1 202 Acc")
                    return
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _reset(self, beginning: bytes) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.wfile.write(beginning)
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing: connections break on purpose here."""
