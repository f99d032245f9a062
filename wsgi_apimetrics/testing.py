"""Assert in your own tests what would be sent, without a network, an account or a sleep.

Around an app, for what would be recorded of it:

>>> from werkzeug.test import Client
>>> def app(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"Hello"]
>>> with capture_exchanges(app) as captured:
...     response = Client(captured.app).get("/greet?name=Ann")
>>> [exchange] = captured
>>> exchange.request.query, exchange.response.body.content
('name=Ann', b'Hello')

Around an app that is wrapped already, for what its own backends would be sent: the backends
keep their options, redaction and wire format, and only the last step is taken from them.
``captured.text`` is everything that would have crossed the wire::

    def test_no_password_leaves(client):
        with capture_exchanges(flask_app) as captured:
            client.post("/login", json={"password": "hunter2"})
        assert "hunter2" not in captured.text

Everything happens on the request's thread: when the response has been closed, its exchange is
there. Flask's test client leaves every response open, and Werkzeug's one that is streamed: nothing
is recorded of it yet. ``client.get(..., buffered=True)`` closes it, as does
``with client.get(...):``.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from . import options
from .backends.base import Backend, Parts
from .backends.selection import SelectionPolicy
from .delivery.policy import DeliveryPolicy
from .encoding import Encoder
from .encoding.local import LocalEncoder
from .exceptions import ConfigurationError
from .exchange import RedactedExchange
from .middleware import ApiMetricsMiddleware, middleware_below
from .payload import Fragment, Outcome, Payload
from .recorder import Recorder
from .redaction.policy import RedactionPolicy
from .transport.memory import MemoryTransport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["CapturedExchanges", "Memory", "MemoryTransport", "Outcome", "capture_exchanges"]

AT_ONCE = {"background_worker_mode": False, "buffer_length": 1, "spool_dir": None}
"""Each exchange is sent as it ends, by whoever ended it, and none is left on disk."""


class Memory(Backend):
    """A backend that keeps what it is sent.

    ::

        memory = Memory()
        app = ApiMetricsMiddleware(app, memory, denylist=["token"])
        ...
        [exchange] = memory.exchanges

    Args:
        like: Another backend whose options, redaction and wire format this one takes on:
            ``Memory(like=ReadMe(api_key="k"))`` keeps what ReadMe would be sent.
        transport: What it sends with; one that answers errors shows what happens then.
        name: Its name in statistics; of several in one middleware each needs its own.
        options: Any shared option.
    """

    name = "memory"

    @dataclasses.dataclass(frozen=True)
    class settings:  # noqa: N801 - the attribute of Backend
        """It has no settings of its own."""

    def __init__(
        self,
        like: Backend | None = None,
        *,
        transport: MemoryTransport | None = None,
        name: str = "memory",
        **given: Any,
    ) -> None:
        super().__init__(**{**AT_ONCE, **given})
        self.transport = MemoryTransport() if transport is None else transport
        self._like = like
        self._parts_name = name
        self._encoders: list[_Remembering] = []

    @property
    def exchanges(self) -> tuple[RedactedExchange, ...]:
        """What was delivered, redacted, in order."""
        known = {id_: one for encoder in self._encoders for id_, one in encoder.known().items()}
        return tuple(known[id_] for id_ in self.transport.ids)

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """The delivered payloads, in order."""
        return tuple(self.transport.payloads)

    @property
    def text(self) -> str:
        """Everything that crossed the wire, for "is this nowhere in it?".

        The payloads, and the exchanges in them again in the clear: a wire format may hold a
        body as base64 or compressed.
        """
        contents = [payload.content for payload in self.payloads]
        for exchange in self.exchanges:
            contents.append(repr(exchange).encode())
            contents += [
                exchange.request.body.content or b"",
                exchange.response.body.content or b"",
            ]
        return b"\n".join(contents).decode("utf-8", "replace")

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        """Make the parts; see :meth:`Backend.parts <wsgi_apimetrics.backends.base.Backend>`."""
        if self._like is not None:
            parts = self._like.parts(shared, environment)
        else:
            values = self.resolve(shared, environment)
            parts = Parts(
                self._parts_name,
                make_encoder=LocalEncoder,
                open_transport=MemoryTransport,
                selection=options.build(SelectionPolicy, values),
                redaction=options.build(RedactionPolicy, values),
                delivery=options.build(DeliveryPolicy, values),
            )
        return self.taking_over(parts, **self._given)

    def taking_over(self, parts: Parts, **delivery: Any) -> Parts:
        """Return ``parts`` with their last step replaced: what they send is kept here."""
        encoder = _Remembering(parts.encoder)
        self._encoders.append(encoder)
        return dataclasses.replace(
            parts,
            make_encoder=lambda: encoder,
            open_transport=lambda: self.transport,
            delivery=_changed(parts.delivery, delivery),
        )


class CapturedExchanges(Sequence[RedactedExchange]):
    """What :func:`capture_exchanges` yields: the exchanges that were delivered, in order.

    Attributes:
        app: The app to send requests to.
        backends: What each backend was sent, by its name.
    """

    def __init__(self, app: Any, backends: Mapping[str, Memory]) -> None:
        self.app = app
        self.backends = dict(backends)

    @property
    def exchanges(self) -> tuple[RedactedExchange, ...]:
        """Each exchange once, as the first backend that got it was sent it."""
        seen: dict[str, RedactedExchange] = {}
        for memory in self.backends.values():
            for exchange in memory.exchanges:
                seen.setdefault(exchange.id, exchange)
        return tuple(sorted(seen.values(), key=lambda exchange: exchange.started_at))

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """The payloads of every backend, backend by backend."""
        return tuple(one for memory in self.backends.values() for one in memory.payloads)

    @property
    def text(self) -> str:
        """Everything that would have crossed the wire: see :attr:`Memory.text`."""
        return "\n".join(memory.text for memory in self.backends.values())

    def __len__(self) -> int:
        return len(self.exchanges)

    @overload
    def __getitem__(self, index: int) -> RedactedExchange: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RedactedExchange, ...]: ...
    def __getitem__(self, index: int | slice) -> RedactedExchange | tuple[RedactedExchange, ...]:
        return self.exchanges[index]


@contextmanager
def capture_exchanges(app: WSGIApplication, **given: Any) -> Iterator[CapturedExchanges]:
    """Yield what is recorded of ``app`` within the ``with`` block.

    Args:
        app: Any WSGI app. One that an :class:`ApiMetricsMiddleware` wraps already, at its
            outside, as ``app.wsgi_app`` or below other middleware that keeps its app in
            ``app`` or ``wsgi_app``, goes on with that one's options; any other is wrapped,
            as ``captured.app``.
        given: The middleware's options, for an app that is not wrapped yet.

    Raises:
        ConfigurationError: an option is wrong, or options are given for a wrapped app.
    """
    middleware = middleware_below(app)
    if middleware is None:
        memory = Memory()
        wrapped = ApiMetricsMiddleware(app, memory, **given)
        try:
            yield CapturedExchanges(wrapped, {memory.name: memory})
        finally:
            wrapped.shutdown()
        return
    if given:
        raise ConfigurationError(
            f"capture_exchanges: the app has its options already: {', '.join(given)} can't be given"
        )
    own = middleware.recorder
    memories = {lane.parts.name: Memory() for lane in own.lanes}
    middleware.recorder = Recorder(
        [
            lane.with_parts(memories[lane.parts.name].taking_over(lane.parts, **AT_ONCE))
            for lane in own.lanes
        ]
    )
    try:
        yield CapturedExchanges(app, memories)
    finally:
        diverted, middleware.recorder = middleware.recorder, own
        diverted.shutdown()


class _Remembering:
    """An encoder that keeps the exchanges that pass through it, beside their bytes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        self._known: dict[str, RedactedExchange] = {}

    def encode(self, exchange: RedactedExchange) -> Fragment:
        fragment = self._encoder.encode(exchange)
        with self._lock:
            self._known[fragment.id] = exchange
        return fragment

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        return self._encoder.pack(fragments)

    def known(self) -> dict[str, RedactedExchange]:
        """Return the exchanges by id."""
        with self._lock:
            return dict(self._known)


def _changed(policy: DeliveryPolicy, given: Mapping[str, Any]) -> DeliveryPolicy:
    names = options.kinds(DeliveryPolicy)
    return dataclasses.replace(policy, **{key: given[key] for key in given if key in names})
