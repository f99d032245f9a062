"""The raw record of one exchange: what the request's thread leaves for the worker.

Filled on the request's thread with references and numbers only. Everything that can wait
(decoding, URLs, the values of :mod:`wsgi_apimetrics.exchange`) is made from it by
:mod:`wsgi_apimetrics.capture.assemble`, on the worker. It refers to no live object of the
request: no environ, no stream, no traceback.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from ..reported import ErrorRecord, Group
from ..stats import DropReason
from ..trace import trace_of
from .policy import CapturePolicy
from .snapshot import bounded_headers

if TYPE_CHECKING:
    from ..exchange import Exchange

GroupOutcome = Group | DropReason | None
"""What a grouping function came to: a group, a reason not to log, or no function at all."""

_FIXED_COST = 900
"""Bytes that one record takes beside its texts and bodies: measured, rounded up."""
_TEXT_COST = 145
"""Bytes that a text of the environ takes beside its characters: its name's and its own objects,
and their place in the dict."""

_ids = random.Random()  # noqa: S311 - unique, not secret; seeded by the system


def reseed_ids() -> None:
    """Start another sequence of ids: a forked child must not repeat its parent's."""
    _ids.seed()


os.register_at_fork(after_in_child=reseed_ids)


def new_id(now: float) -> str:
    """Return a version 4 UUID; several times cheaper than :func:`uuid.uuid4`.

    ``now`` is mixed in, since not every server that forks calls Python's hooks (uWSGI): two
    children that go on with one sequence would have to ask in the same quarter of a
    microsecond.
    """
    digits = (_ids.getrandbits(128) ^ hash(now)).to_bytes(16, "little").hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class RawExchange:
    """One exchange as the tees saw it.

    Of as few objects as can be: each one that waits in a queue brings the garbage collector's
    next run closer, on a request's thread as often as not. Hence texts in one tuple, and bytes
    without what recorded them.

    Attributes:
        id: The exchange's id.
        policy: The capture policy in force.
        environ: The text values of the environ as the request came in.
        started_at: Unix time in seconds at which the request came in.
        started, began, ended: ``time.perf_counter()`` at the request's arrival, when the
            response began, and at its last byte; 0.0 while that has not happened.
        status: The status line as the app gave it, ``None`` while it has not.
        received, sent: The bodies' recorders, ``None`` where they are not recorded; once the
            record is sealed the bytes alone, of what came whole and in one piece.
        sent_omitted: Why the response body was not recorded.
        groups: What each grouping function came to, in the recorder's order.
        errors: What was reported, in order.
        raised: Whether the app's exception ended the exchange.
        aborted: Whether the response ended before its last byte was taken.
        skipped: Whether the app asked that the exchange be discarded.
        cost: About how many bytes of memory the record holds on to; whole once sealed.
    """

    # What most requests never say is a default of the class: the request's thread then has
    # that much less to do.
    began = 0.0
    ended = 0.0
    status: str | None = None
    received: Any = None
    sent: Any = None
    sent_omitted: str | None = None
    groups: tuple[GroupOutcome, ...] = ()
    route: str | None = None
    path_params: Mapping[str, Any] | None = None
    framework: str | None = None
    errors: tuple[ErrorRecord, ...] = ()
    raised = False
    aborted = False
    skipped = False
    _headers: tuple[str, ...] = ()

    def __init__(self, environ: dict[str, str], size: int, policy: CapturePolicy) -> None:
        self.started_at = now = time()
        self.started = perf_counter()
        self.id = new_id(now)
        self.policy = policy
        self.environ = environ
        self.cost = size + _FIXED_COST + _TEXT_COST * len(environ)

    def add_error(self, record: ErrorRecord) -> None:
        """Take note of what was reported."""
        self.errors = (*self.errors, record)

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits: what outgoing calls of this request are joined by."""
        return trace_of(self.environ.get("HTTP_TRACEPARENT"), self.id).trace_id

    def take_headers(self, headers: Sequence[tuple[str, str]]) -> None:
        """Keep a copy of the response's headers, within the policy's bounds.

        Raises:
            TypeError: something is no pair of texts: the server will say so.
        """
        texts = tuple(chain.from_iterable(headers))
        size = len("".join(texts))
        if len(texts) != 2 * len(headers):
            raise TypeError("response headers that are no pairs")
        policy = self.policy
        if len(headers) > policy.max_headers or size > policy.max_header_bytes:
            texts = tuple(chain.from_iterable(bounded_headers(headers, policy)))
            size = policy.max_header_bytes
        self._headers = texts
        self.cost += size

    @property
    def response_headers(self) -> tuple[tuple[str, str], ...]:
        """The response's headers as the app gave them."""
        return tuple(zip(self._headers[::2], self._headers[1::2], strict=True))

    def seal(self) -> None:
        """Add the bodies to what the record weighs, and let go of what recorded them."""
        received, sent = self.received, self.sent.settled()
        self.sent = sent
        self.cost += len(sent)
        if received is not None:
            if "HTTP_TRANSFER_ENCODING" not in self.environ:  # else it counts whether it was read
                self.received = received = received.settled()
            self.cost += len(received)

    def exchange(self) -> Exchange:
        """Return the exchange as a value, made anew: what is not kept costs no memory."""
        return assembler()(self)


@cache
def assembler() -> Callable[[RawExchange], Exchange]:
    """Return what makes an exchange of a record; only the first call imports it."""
    from .assemble import assemble

    return assemble
