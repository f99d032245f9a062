"""urllib3's pools, with answers that end in time.

urllib3's read timeout holds for each read from the socket: a backend that sends one byte
now and then could keep a worker for hours. Here the time that is left when the answer
begins is a deadline for all of it.
"""

from __future__ import annotations

import http.client
import io
import time
from socket import socket
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class _DeadlineReader(io.RawIOBase):
    """Reads a socket's file until ``deadline``, a time of :func:`time.monotonic`."""

    def __init__(self, raw: io.RawIOBase, sock: socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LineReader(io.BufferedReader):
    """Remembers the line that was read last."""

    last_line = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        self.last_line = super().readline(size)
        return self.last_line


class _PunctualResponse(http.client.HTTPResponse):
    """An answer that must end within what the socket's timeout is when it begins.

    Its head must be whole (RFC 9112, section 8): http.client takes one that is cut off in the
    status line for an answer without headers, and a payload for accepted that may not be.
    """

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = time.monotonic() + (sock.gettimeout() or 0.0)  # our client always sets one
        self.fp = _LineReader(_DeadlineReader(self.fp.detach(), sock, deadline))

    def begin(self) -> None:
        reader = self.fp
        super().begin()
        if isinstance(reader, _LineReader) and reader.last_line not in {b"\r\n", b"\n"}:
            raise http.client.RemoteDisconnected("the answer ended in the middle of its head")


class _Connection(HTTPConnection):
    response_class = _PunctualResponse


class _TlsConnection(HTTPSConnection):
    response_class = _PunctualResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls: Any = _Connection  # urllib3's own protocol fits none of its classes


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls: Any = _TlsConnection


POOLS = {"http": _Pool, "https": _TlsPool}
"""For :attr:`urllib3.PoolManager.pool_classes_by_scheme`."""
