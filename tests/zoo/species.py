"""What an app of the zoo is: a callable, the request it is driven with, what is to be recorded."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOREM = b"The quick\nbrown fox\r\njumps\n\nover \xff\xfe the lazy dog"
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


UNKNOWN = -1
"""A size that can't be known; ``None`` is one that the zoo says nothing about."""


class Journal:
    """What the app and the server's own streams saw, in order.

    Attributes:
        events: The notes.
        raised: The exception object that the app raised last.
        returned: What the app returned: the very object.
        files: What the app opened, for whoever drives it to close at the end.
    """

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.raised: BaseException | None = None
        self.returned: Any = None
        self.files: list[Any] = []

    def note(self, *event: Any) -> None:
        self.events.append(event)

    def raising(self, error: BaseException) -> BaseException:
        """Remember ``error``, which is about to be raised."""
        self.raised = error
        return error

    def count(self, word: str) -> int:
        return sum(1 for event in self.events if event[0] == word)


@dataclass(frozen=True)
class Call:
    """The request that a species is driven with.

    Attributes:
        declared: CONTENT_LENGTH as the environ has it; ``None``: the body's own length (none
            at all for an empty body); ``"absent"`` leaves the key out.
        stream: ``"plain"``, ``"iter-only"`` (no ``__next__``, as in ``wsgiref.validate``).
        file_wrapper: ``"class"`` (most servers), ``"function"`` (uWSGI) or ``"absent"``.
        extra: Further environ keys; ``None`` as the value takes one out.
    """

    method: str = "GET"
    path: str = ""
    query: str = ""
    body: bytes = b""
    declared: str | None = None
    content_type: str = "text/plain"
    stream: str = "plain"
    file_wrapper: str = "class"
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """What is to be recorded of a species that is read fully.

    Attributes:
        count: How many exchanges.
        writes: What of ``body`` goes out by ``write()``, whether or not anything is iterated.
        as_came: Whether the app's very object reaches the server, so that the exchange ends
            when the app returns and does not depend on what the server does.
        started: Whether ``start_response`` was called before the first chunk was asked for.
        errors: The names of the error types, when it is read fully.
    """

    count: int = 1
    status: int = 200
    body: bytes | None = b""
    size: int | None = None
    omitted: str | None = None
    truncated: bool = False
    writes: bytes = b""
    request_body: bytes | None = b""
    request_size: int | None = None
    request_omitted: str | None = None
    errors: tuple[str, ...] = ()
    as_came: bool = False
    started: bool = True
    aborted: bool = False


App = Callable[[Journal, dict[str, Any], Callable[..., Any]], Any]


@dataclass(frozen=True)
class Species:
    """One app of the zoo.

    Attributes:
        compliant: Whether ``wsgiref.validate`` passes it bare.
        wire: Whether a real server survives it.
    """

    name: str
    app: App
    call: Call
    recorded: Recorded
    compliant: bool = True
    wire: bool = True

    def build(self, journal: Journal) -> Callable[..., Any]:
        """Return the WSGI callable, which notes in ``journal`` what it sees."""

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            journal.returned = result = self.app(journal, environ, start_response)
            return result

        return app


ZOO: dict[str, Species] = {}


def species(
    name: str,
    call: Call | None = None,
    *,
    compliant: bool = True,
    wire: bool = True,
    **recorded: Any,
) -> Callable[[App], App]:
    """Put the decorated app into the zoo; ``recorded`` are fields of :class:`Recorded`."""

    def register(app: App) -> App:
        assert name not in ZOO
        ZOO[name] = Species(name, app, call or Call(), Recorded(**recorded), compliant, wire)
        return app

    return register
