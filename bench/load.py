"""An open-loop client: sends at a fixed rate, whatever comes back, and times from when it is due.

``python -m bench.load PORT`` answers each line ``run RATE SECONDS`` with a list of latencies in
milliseconds; a request that failed counts as ``null``. A latency is taken from the moment at
which the request was due, so that a server that stalls is charged for everybody who waits.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

from . import exchanges

PATIENCE_SECONDS = 10


def request_bytes(port):
    """The small exchange's request, with its twelve headers."""
    environ = exchanges.environ()
    lines = [f"POST {environ['RAW_URI']} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    for name, value in headers(environ):
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode() + exchanges.REQUEST


def headers(environ):
    """The environ's headers as they go over the wire, but those of the connection."""
    yield "Content-Type", environ["CONTENT_TYPE"]
    yield "Content-Length", environ["CONTENT_LENGTH"]
    for name, value in environ.items():
        if name.startswith("HTTP_") and name not in {"HTTP_HOST", "HTTP_CONNECTION"}:
            yield name[5:].replace("_", "-").title(), value


class Load:
    """Requests on their way, each on a connection of its own."""

    def __init__(self, port):
        self._address = ("127.0.0.1", port)
        self._content = request_bytes(port)
        self._ready = selectors.DefaultSelector()
        self._answers = {}
        self.latencies = []

    @property
    def open(self):
        """How many requests have not been answered yet."""
        return len(self._answers)

    def begin(self, due):
        """Send one request that was due at that time."""
        connection = socket.socket()
        try:
            connection.connect(self._address)  # loopback: the kernel answers for the server
            connection.sendall(self._content)
        except OSError:
            connection.close()
            self.latencies.append(None)
            return
        connection.setblocking(False)
        self._answers[connection] = (due, [])
        self._ready.register(connection, selectors.EVENT_READ)

    def wait(self, seconds):
        """Take what comes within that time."""
        for key, _ in self._ready.select(max(0.0, seconds)):
            connection = key.fileobj
            try:
                piece = connection.recv(65536)
            except OSError:
                piece = None
            if piece:
                self._answers[connection][1].append(piece)
            else:
                self._end(connection, whole=piece is not None)

    def give_up(self):
        """Count what is still on its way as failed."""
        for connection in [*self._answers]:
            self._end(connection, whole=False)

    def _end(self, connection, *, whole):
        due, pieces = self._answers.pop(connection)
        self._ready.unregister(connection)
        connection.close()
        good = whole and b"".join(pieces).startswith(b"HTTP/1.1 200")
        self.latencies.append((time.perf_counter() - due) * 1000 if good else None)


def run(port, rate, seconds):
    load = Load(port)
    begun = time.perf_counter()
    for index in range(int(rate * seconds)):
        due = begun + index / rate
        while (left := due - time.perf_counter()) > 0:
            load.wait(left)
        load.begin(due)
        load.wait(0)
    end = time.perf_counter() + PATIENCE_SECONDS
    while load.open and time.perf_counter() < end:
        load.wait(end - time.perf_counter())
    load.give_up()
    return load.latencies


def main():
    port = int(sys.argv[1])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        _, rate, seconds = line.split()
        print(json.dumps(run(port, float(rate), float(seconds))), flush=True)


if __name__ == "__main__":
    main()
