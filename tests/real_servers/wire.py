"""An HTTP/1.1 client that hides nothing: status line, fields in order, chunks as framed."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass
class Answer:
    """One response as it came over the wire.

    Attributes:
        chunks: The body as it was framed: one item unless it was chunked.
        complete: Whether the body ended as its framing says.
        interim: Status lines of 1xx responses before it.
        surplus: What came after it on a connection that carries one response.
    """

    status_line: bytes = b""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    complete: bool = True
    interim: list[bytes] = field(default_factory=list)
    surplus: bytes = b""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def status(self) -> int:
        """The status code; 0 if the connection was closed without a response."""
        return int(self.status_line.split()[1]) if self.status_line else 0

    def get(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def comparable(self) -> tuple[object, ...]:
        """Everything but the Date."""
        kept = [pair for pair in self.fields if pair[0].lower() != b"date"]
        return self.status_line, kept, self.chunks, self.complete, self.interim, self.surplus


class Connection:
    """One TCP connection to a server on loopback."""

    def __init__(self, port: int, timeout: float = 5.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.file.close()
        self.socket.close()

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def reset(self) -> None:
        """Break the connection off with a RST, as a client that dies does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.file.close()
        self.socket.close()

    def answer(self, method: str = "GET") -> Answer:
        """Read the response to a request of this ``method``."""
        answer = Answer(*self._head())
        while 100 <= answer.status < 200:
            interim = [*answer.interim, answer.status_line]
            answer = Answer(*self._head(), interim=interim)
        if not answer.status:
            answer.complete = False
        elif method != "HEAD" and answer.status not in (204, 304):
            self._body(answer)
        return answer

    def _head(self) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        status_line = self.file.readline().rstrip(b"\r\n")
        fields: list[tuple[bytes, bytes]] = []
        while line := self.file.readline().rstrip(b"\r\n"):
            name, _, value = line.partition(b":")
            fields.append((name, value.strip()))
        return status_line, fields

    def _body(self, answer: Answer) -> None:
        length = answer.get(b"Content-Length")
        try:
            if (answer.get(b"Transfer-Encoding") or b"").lower() == b"chunked":
                self._chunked(answer)
            elif length is not None:
                answer.chunks.append(self.file.read(int(length)))
                answer.complete = len(answer.body) == int(length)
            else:
                answer.chunks.append(self.file.read())
        except ConnectionError:
            answer.complete = False

    def _chunked(self, answer: Answer) -> None:
        while True:
            line = self.file.readline().strip()
            size = int(line or b"0", 16)
            chunk = self.file.read(size)
            self.file.readline()
            if not size:
                answer.complete = line == b"0"
                return
            answer.chunks.append(chunk)


def request(
    method: str,
    target: str,
    body: bytes = b"",
    *fields: tuple[str, str],
    keep: bool = False,
    chunk_size: int = 0,
) -> bytes:
    """Return a request's bytes; ``chunk_size`` sends the body chunked."""
    lines = [f"{method} {target} HTTP/1.1", "Host: zoo.example", "X-Kept: kept"]
    if not keep:
        lines.append("Connection: close")
    if body and not chunk_size:
        lines += [f"Content-Length: {len(body)}", "Content-Type: text/plain"]
    if chunk_size:
        lines += ["Transfer-Encoding: chunked", "Content-Type: text/plain"]
        pieces = [body[at : at + chunk_size] for at in range(0, len(body), chunk_size)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def fetch(port: int, method: str, target: str, body: bytes = b"", **options: int) -> Answer:
    """Send one request on a connection of its own and return the answer."""
    with Connection(port) as connection:
        connection.send(request(method, target, body, **options))
        answer = connection.answer(method)
        with contextlib.suppress(ConnectionError):
            answer.surplus = connection.file.read()  # wsgiref sends a body to HEAD
        return answer
