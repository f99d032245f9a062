"""The raw record of one exchange: what the request's thread leaves for the worker.

Filled on the request's thread with references and numbers only. Everything that can wait
(decoding, URLs, the values of :mod:`wsgi_apimetrics.exchange`) is made from it by
:mod:`wsgi_apimetrics.capture.assemble`, on the worker. It refers to no live object of the
request: no environ, no stream, no traceback.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from ..exchange import ErrorRecord, Exchange, Group
from ..stats import DropReason
from ..trace import trace_of
from .body import BodyRecorder, InputRecorder
from .policy import CapturePolicy

GroupOutcome = Group | DropReason | None
"""What a grouping function came to: a group, a reason not to log, or no function at all."""

_FIXED_COST = 1500
"""Bytes that one record costs beside its bodies and headers: measured, rounded up."""

_ids = random.Random()  # noqa: S311 - unique, not secret; seeded by the system


def reseed_ids() -> None:
    """Start another sequence of ids: a forked child must not repeat its parent's."""
    _ids.seed()


def new_id() -> str:
    """Return a version 4 UUID; several times cheaper than :func:`uuid.uuid4`."""
    digits = f"{_ids.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


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
        cost: What :meth:`seal` weighed.
    """

    __slots__ = (
        "_exchange",
        "aborted",
        "began",
        "cost",
        "ended",
        "environ",
        "errors",
        "framework",
        "groups",
        "id",
        "path_params",
        "policy",
        "raised",
        "received",
        "response_headers",
        "route",
        "sent",
        "sent_omitted",
        "started",
        "started_at",
        "status",
    )

    def __init__(self, environ: Mapping[str, str], policy: CapturePolicy) -> None:
        self.started_at = time.time()
        self.started = time.perf_counter()
        self.began = 0.0
        self.ended = 0.0
        self.id = new_id()
        self.policy = policy
        self.environ = environ
        self.status: str | None = None
        self.response_headers: list[tuple[str, str]] = []
        self.received: InputRecorder | None = None
        self.sent: BodyRecorder | None = None
        self.sent_omitted: str | None = None
        self.groups: tuple[GroupOutcome, ...] = ()
        self.errors: list[ErrorRecord] = []
        self.route: str | None = None
        self.path_params: Mapping[str, Any] | None = None
        self.framework: str | None = None
        self.raised = False
        self.aborted = False
        self.cost = 0
        self._exchange: Exchange | None = None

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits: what outgoing calls of this request are joined by."""
        return trace_of(self.environ.get("HTTP_TRACEPARENT"), self.id).trace_id

    def seal(self) -> None:
        """Weigh the finished record: about how many bytes of memory it holds on to."""
        cost = _FIXED_COST + sum(map(len, self.environ.values()))
        for name, value in self.response_headers:
            cost += len(name) + len(value)
        if self.received is not None:
            cost += self.received.kept_size
        if self.sent is not None:
            cost += self.sent.kept_size
        self.cost = cost

    def exchange(self) -> Exchange:
        """Return the exchange as a value; made once, on whichever worker asks first."""
        if self._exchange is None:
            self._exchange = _assemble(self)
        return self._exchange


def _assemble(raw: RawExchange) -> Exchange:
    # Imported when the first exchange is made into a value, so that an app that starts does
    # not wait for what only the worker needs.
    global _assemble  # noqa: PLW0603
    from .assemble import assemble

    _assemble = assemble
    return assemble(raw)
