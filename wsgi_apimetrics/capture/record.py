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
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from ..reported import ErrorRecord, Group
from ..stats import DropReason
from ..trace import trace_of
from .body import BodyRecorder, InputRecorder
from .policy import CapturePolicy
from .snapshot import bounded_headers

if TYPE_CHECKING:
    from ..exchange import Exchange

GroupOutcome = Group | DropReason | None
"""What a grouping function came to: a group, a reason not to log, or no function at all."""

_FIXED_COST = 1500
"""Bytes that one record costs beside its bodies and headers: measured, rounded up."""

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

    Attributes:
        id: The exchange's id.
        policy: The capture policy in force.
        environ: The text values of the environ as the request came in.
        started_at: Unix time in seconds at which the request came in.
        started, began, ended: ``time.perf_counter()`` at the request's arrival, when the
            response began, and at its last byte; 0.0 while that has not happened.
        status: The status line as the app gave it, ``None`` while it has not.
        response_headers: A copy of the app's response headers.
        received, sent: The bodies; ``None`` where they are not recorded.
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
    response_headers: Sequence[tuple[str, str]] = ()
    received: InputRecorder | None = None
    sent: BodyRecorder | None = None
    sent_omitted: str | None = None
    groups: tuple[GroupOutcome, ...] = ()
    route: str | None = None
    path_params: Mapping[str, Any] | None = None
    framework: str | None = None
    errors: tuple[ErrorRecord, ...] = ()
    raised = False
    aborted = False
    skipped = False

    def __init__(self, environ: dict[str, str], size: int, policy: CapturePolicy) -> None:
        self.started_at = now = time()
        self.started = perf_counter()
        self.id = new_id(now)
        self.policy = policy
        self.environ = environ
        self.cost = size + _FIXED_COST

    def add_error(self, record: ErrorRecord) -> None:
        """Take note of what was reported."""
        self.errors = (*self.errors, record)

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits: what outgoing calls of this request are joined by."""
        return trace_of(self.environ.get("HTTP_TRACEPARENT"), self.id).trace_id

    def take_headers(self, headers: Sequence[tuple[str, str]]) -> None:
        """Keep a copy of the response's headers, within the policy's bounds."""
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
        policy = self.policy
        if len(headers) <= policy.max_headers and size <= policy.max_header_bytes:
            self.response_headers = tuple(headers)
        else:
            self.response_headers = tuple(bounded_headers(headers, policy))
            size = policy.max_header_bytes
        self.cost += size

    def seal(self) -> None:
        """Add the bodies to what the record weighs."""
        for body in (self.received, self.sent):
            if body is not None:
                self.cost += body.kept_size

    def exchange(self) -> Exchange:
        """Return the exchange as a value, made anew: what is not kept costs no memory."""
        return _assembler()(self)


@cache
def _assembler() -> Callable[[RawExchange], Exchange]:
    from .assemble import assemble

    return assemble
