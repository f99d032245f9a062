"""One HTTP request and its response, as frozen values: the vocabulary of the package.

Rules of this file: of ours it imports but what is reported, holds no behaviour beyond what can be
derived from its own fields, and nothing in it refers to a live object (an environ, a
stream, a traceback). Names follow OpenTelemetry's HTTP attributes where those have one,
and HAR 1.2 elsewhere. Sizes are in bytes, times in seconds; an unknown size is ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .reported import ErrorRecord, Group

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from .unguarded import dataclass

__all__ = [
    "Body",
    "ErrorRecord",
    "Exchange",
    "Group",
    "Headers",
    "Kind",
    "RedactedExchange",
    "Redaction",
    "Request",
    "Response",
    "Timings",
]

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order they came, repeated names kept: pairs, never a dict."""

Kind = Literal["server", "client"]
"""``server``: a request that the app answered; ``client``: one that the app made."""


@dataclass(frozen=True, slots=True)
class Body:
    """What was recorded of one message body.

    Attributes:
        content: The recorded bytes with any Content-Encoding removed, or ``None`` where the
            body was left out. A prefix of the body if ``truncated``.
        size: Bytes of the whole body with any Content-Encoding removed; ``None`` if unknown.
        wire_size: Bytes that passed as they were, before any decoding; for a request body
            that the app did not read, the declared length. ``None`` if unknown.
        content_type: The Content-Type header's value as it came, ``""`` if there was none.
        truncated: Whether ``content`` is only the beginning of the body.
        omitted: Why ``content`` is ``None`` (``"unread"``, ``"sendfile"``, ``"policy"``,
            ``"redaction: ..."``), else ``None``.
        content_encoding: The coding that ``content`` is still under, as it could not be
            removed (unknown, damaged); ``""`` where ``content`` is plain.
    """

    content: bytes | None = b""
    size: int | None = 0
    wire_size: int | None = 0
    content_type: str = ""
    truncated: bool = False
    omitted: str | None = None
    content_encoding: str = ""

    @property
    def media_type(self) -> str:
        """The type without its parameters, in lower case: ``application/json``."""
        return self.content_type.partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the client sent it, after any trusted proxy's word was taken.

    Attributes:
        method: The request method, in the case that it came in.
        scheme: ``http`` or ``https``.
        host: Host and port as the client named them (the authority of ``url``).
        path: SCRIPT_NAME + PATH_INFO, percent-encoded.
        query: The query string as it came, without ``?``.
        protocol_version: ``1.1``, ``1.0``, ``2`` ...
        headers: The fields in the order of the environ, named as on the wire
            (``Content-Type``); WSGI joins repeated request headers by a comma.
        peer_address: The address of the other end of the connection, ``""`` if unknown.
        client_address: The client's address: the peer's, or what a trusted proxy said.
        server_address: SERVER_NAME; ``server_port`` its port, ``None`` if unknown.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: str = ""
    protocol_version: str = "1.1"
    headers: Headers = ()
    body: Body = field(default_factory=Body)
    peer_address: str = ""
    client_address: str = ""
    server_address: str = ""
    server_port: int | None = None

    @property
    def target(self) -> str:
        """The request target in origin form: path, ``?`` and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        """The absolute URL."""
        return f"{self.scheme}://{self.host}{self.target}"


@dataclass(frozen=True, slots=True)
class Response:
    """One response as it left the app. ``status_code`` 0: none came (``client`` only)."""

    status_code: int
    status_text: str = ""
    headers: Headers = ()
    body: Body = field(default_factory=Body)


@dataclass(frozen=True, slots=True)
class Timings:
    """Durations in seconds: ``wait`` until the response began, ``receive`` until it ended."""

    wait: float = 0.0
    receive: float = 0.0

    @property
    def total(self) -> float:
        """From the request's arrival to the response's last byte."""
        return self.wait + self.receive


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response.

    Attributes:
        id: A version 4 UUID: ReadMe's ``_id``, APIToolkit's ``msg_id``.
        started_at: Unix time in seconds at which the request arrived.
        route: The matched route's template (``/users/<int:id>``), ``None`` if none matched.
        path_params: The route's parameters by name.
        framework: Which framework answered (``flask``, ``bottle``...), ``None`` if unknown.
        aborted: Whether the response ended before its last byte was taken.
        parent_id: The ``id`` of the incoming exchange during which this call was made.
        trace_id: 32 hexadecimal digits, from a valid ``traceparent`` or of our own making.
        parent_span_id: 16 hexadecimal digits, from ``traceparent`` or the parent exchange.
        sample_rate: The share of such exchanges that is kept: each stands for 1/rate.
        tags: Words that the user put on the exchange.
    """

    id: str
    started_at: float
    request: Request
    response: Response
    timings: Timings = field(default_factory=Timings)
    kind: Kind = "server"
    group: Group | None = None
    route: str | None = None
    path_params: Mapping[str, Any] = field(default_factory=dict)
    framework: str | None = None
    errors: tuple[ErrorRecord, ...] = ()
    aborted: bool = False
    parent_id: str | None = None
    trace_id: str = ""
    parent_span_id: str | None = None
    sample_rate: float = 1.0
    tags: tuple[str, ...] = ()

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits: the last half of ``id``."""
        return self.id.replace("-", "")[16:]


class Redaction(NamedTuple):
    """One thing that was taken out of an exchange.

    Attributes:
        place: Where, as a path from the exchange: ``request.headers.Cookie``,
            ``request.query.token``, ``response.body.$.user.password``.
        rule: The rule that did it, as the user or the default wrote it.
        reason: Why, where a whole body was left out (``malformed``, ``truncated`` ...).
    """

    place: str
    rule: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RedactedExchange(Exchange):
    """An exchange that has been through redaction; only ``redaction`` makes one.

    Encoders accept nothing else, and the type checker holds them to it.
    """

    redactions: tuple[Redaction, ...] = ()
