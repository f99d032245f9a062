"""Drives an app as a server would by PEP 3333, and notes everything that a server could see.

Two observations are equal exactly when no server and no client can tell the two apps apart.
"""

from __future__ import annotations

import enum
import gc
import io
import sys
import wsgiref.util
from collections.abc import Callable, Iterator
from typing import Any

from .species import Call, Journal, Species

Layer = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Wraps a WSGI app; the identity for a bare one."""


NOT_GIVEN = object()


class Mode(enum.Enum):
    """What becomes of the iterable that the app returned."""

    FULL = "read fully, closed"
    FIRST = "iterator taken, closed before the first chunk"
    MIDWAY = "closed after the first chunk that is not empty"
    UNITERATED = "never iterated, only closed"
    ABANDONED = "read fully, never closed"


class ServerInput:
    """``wsgi.input``; notes every call that reaches it."""

    peculiar = "an attribute of this server's stream"

    def __init__(self, body: bytes, journal: Journal) -> None:
        self._stream = io.BytesIO(body)
        self._journal = journal

    def _noted(self, name: str, *args: Any) -> Any:
        result = getattr(self._stream, name)(*args)
        self._journal.note(f"input.{name}", args, result)
        return result

    def read(self, *args: Any) -> bytes:
        return self._noted("read", *args)

    def readline(self, *args: Any) -> bytes:
        return self._noted("readline", *args)

    def readlines(self, *args: Any) -> list[bytes]:
        return self._noted("readlines", *args)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._noted("__next__")


class IterOnlyInput(ServerInput):
    """The same, iterable and no iterator: all that PEP 3333 asks for."""

    __next__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[bytes]:
        yield from iter(self.readline, b"")


def environ_for(call: Call, journal: Journal) -> dict[str, Any]:
    """Return a server's environ for ``call``."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/zoo{call.path}",
        "QUERY_STRING": call.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "zoo.example:8000",
        "HTTP_X_KEPT": "kept",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": (IterOnlyInput if call.stream == "iter-only" else ServerInput)(
            call.body, journal
        ),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if call.body:
        environ["CONTENT_TYPE"] = call.content_type
    if call.body and call.declared is None:
        environ["CONTENT_LENGTH"] = str(len(call.body))
    elif call.declared not in (None, "absent"):
        environ["CONTENT_LENGTH"] = call.declared
    if call.file_wrapper == "class":
        environ["wsgi.file_wrapper"] = wsgiref.util.FileWrapper
    elif call.file_wrapper == "function":
        environ["wsgi.file_wrapper"] = lambda filelike, _size=8192: filelike
    environ.update(call.extra)
    return {key: value for key, value in environ.items() if value is not None}


class _Server:
    """One request's server side: ``start_response``, ``write``, and the iteration."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.note = journal.note
        self.headers: tuple[str, Any] | None = None
        self.sent: tuple[str, tuple[Any, ...]] | None = None

    def start_response(
        self, status: str, headers: Any, exc_info: Any = NOT_GIVEN
    ) -> Callable[..., None]:
        given = exc_info is not NOT_GIVEN
        listed = list(headers) if isinstance(headers, list) else None
        self.note("start_response", status, type(headers), listed, given)
        if given and exc_info:
            self.note("exc_info", exc_info[1] is self.journal.raised)
            if self.sent:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.headers is not None:
            raise AssertionError("Headers already set")
        self.headers = (status, headers)
        return self.write

    def write(self, content: Any) -> None:
        self.note("write", type(content), content)
        self.send(content)

    def send(self, content: Any) -> None:
        if self.headers is None:
            raise AssertionError("write() before start_response()")
        if self.sent is None:
            status, headers = self.headers
            self.sent = (status, tuple(headers))
            self.note("sent", *self.sent)

    def iterate(self, result: Any, mode: Mode) -> None:
        iterator = iter(result)
        if mode is Mode.FIRST:
            return
        for chunk in iterator:
            self.note(
                "chunk", type(chunk), bytes(chunk) if isinstance(chunk, memoryview) else chunk
            )
            if chunk:
                self.send(chunk)
                if mode is Mode.MIDWAY:
                    return
        self.note("exhausted")
        if self.headers is not None:
            self.send(b"")

    def attempt(self, stage: str, action: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
        try:
            return True, action(*args)
        except BaseException as error:
            same = error is self.journal.raised
            cause = (type(error.__context__), type(error.__cause__))
            self.note("raised", stage, type(error), error.args, same, *cause)
            return False, None


def drive(app: Callable[..., Any], call: Call, journal: Journal, mode: Mode) -> None:
    """Send ``call`` to ``app`` and treat its result by ``mode``; all goes to ``journal``."""
    server = _Server(journal)
    environ = environ_for(call, journal)
    wrapper = environ.get("wsgi.file_wrapper")
    came, result = server.attempt("call", app, environ, server.start_response)
    if not came:
        return
    kept = environ.get("wsgi.file_wrapper") is wrapper
    same = result is journal.returned
    must_be_same = type(result) in (list, tuple, bytes) or (
        isinstance(wrapper, type) and isinstance(journal.returned, wrapper)
    )
    journal.note("result", kept, same if must_be_same else "any")
    journal.note(
        "len", server.attempt("len", len, result)[1] if hasattr(result, "__len__") else None
    )
    if mode is not Mode.UNITERATED:
        server.attempt("iterate", server.iterate, result, mode)
    if mode is not Mode.ABANDONED and hasattr(result, "close"):
        server.attempt("close", result.close)
    journal.returned = None
    del result
    journal.raised = None
    environ.clear()
    if mode is Mode.ABANDONED:
        gc.collect(1)  # what this call has left behind is young
    journal.note("files closed", [file.closed for file in journal.files])
    for file in journal.files:
        file.close()
    assert sys.exc_info() == (None, None, None)


def observe(species: Species, layer: Layer, mode: Mode) -> list[tuple[Any, ...]]:
    """Return everything that the server and the app itself saw, in order."""
    journal = Journal()
    drive(layer(species.build(journal)), species.call, journal, mode)
    return journal.events
