"""A real HTTP server on loopback that answers as a test tells it to, shared by all rooms."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Got:
    """One request as the server got it; ``connection`` numbers the connections from 1."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Answer:
    """What to answer; ``act`` is called with the handler instead, for what HTTP does not allow."""

    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"OK"
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


class HttpServer:
    """An HTTP/1.1 server that keeps what it gets and gives scripted answers.

    Args:
        answers: One after another; afterwards, and if there are none, ``Answer()``. A function
            takes each :class:`Got` and returns its answer.

    Attributes:
        got: Every request, in the order of arrival.
    """

    def __init__(self, *answers: Answer | Callable[[Got], Answer]) -> None:
        self.got: list[Got] = []
        self.stopping = threading.Event()
        self._answers = list(answers)
        self._changed = threading.Condition()
        self._connections = 0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._scheme = "http"

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        """The server's root, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def encrypt(self, certificate: str, key: str) -> None:
        """Speak TLS with the PEM files ``certificate`` and ``key``; before starting."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    def wait_for(self, requests: int, timeout: float = 10.0) -> list[Got]:
        """Return what came once there are so many ``requests``; fails after ``timeout`` seconds."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= requests, timeout), self.got
            return list(self.got)

    def answer(self, got: Got) -> Answer:
        """Keep ``got`` and return the next answer."""
        with self._changed:
            self.got.append(got)
            self._changed.notify_all()
            first = self._answers[0] if self._answers else Answer()
            if callable(first):
                return first(got)
            return self._answers.pop(0) if self._answers else first

    def next_connection(self) -> int:
        with self._changed:
            self._connections += 1
            return self._connections

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def setup(self) -> None:
                super().setup()
                self.number = owner.next_connection()

            def parse_request(self) -> bool:
                parsed = super().parse_request()
                if parsed:
                    name = f"do_{self.command}"
                    setattr(self, name, self.serve)
                return parsed

            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = dict(self.headers.items())
                answer = owner.answer(Got(self.command, self.path, headers, body, self.number))
                if answer.act is not None:
                    answer.act(self)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def finish(self) -> None:
                with contextlib.suppress(OSError):
                    super().finish()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that goes away is not worth a word."""


@contextlib.contextmanager
def http_server(
    *answers: Answer | Callable[[Got], Answer], tls: tuple[str, str] | None = None
) -> Iterator[HttpServer]:
    """Run an :class:`HttpServer` for the length of the block; ``tls``: certificate and key."""
    server = HttpServer(*answers)
    if tls:
        server.encrypt(*tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
