"""What the tests of delivery share: something to submit, somewhere to send it, and the law."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from wsgi_apimetrics.delivery.guard import in_stages
from wsgi_apimetrics.delivery.policy import BatchLimits, DeliveryPolicy
from wsgi_apimetrics.delivery.processor import BatchProcessor
from wsgi_apimetrics.delivery.retry import RetryTable
from wsgi_apimetrics.exchange import Exchange, Request, Response
from wsgi_apimetrics.payload import Fragment, Outcome, Payload
from wsgi_apimetrics.stats import BackendStats

LIMITS = BatchLimits()
ALL = BatchLimits(100_000, 10**12)
NONE: frozenset[int] = frozenset()
QUICK = RetryTable(first_wait_seconds=0.01, first_cool_down_seconds=0.01, backoff_cap_seconds=0.05)
"""The default statuses without the default waits."""


class Item:
    """Something captured, as delivery sees it."""

    __slots__ = ("content", "cost", "id")

    def __init__(self, id_: str, content: bytes = b"{}", cost: int = 100) -> None:
        self.id, self.content, self.cost = id_, content, cost

    def exchange(self) -> Exchange:
        return Exchange(self.id, 0.0, Request("GET", "http", "a", "/"), Response(200))


def items(count: int, prefix: str = "x", **more: Any) -> list[Item]:
    """Return ``count`` items with ids that sort in their order."""
    return [Item(f"{prefix}{number:06d}", **more) for number in range(count)]


def submit(it: BatchProcessor, things: Iterable[Item]) -> None:
    for thing in things:
        it.submit(thing)


def prepare(item: Item, without_bodies: bool) -> Fragment:
    return Fragment(item.id, b"small" if without_bodies else item.content)


def pack(fragments: Sequence[Fragment]) -> Payload:
    content = b",".join(fragment.content for fragment in fragments)
    return Payload(content, "text/plain", tuple(fragment.id for fragment in fragments))


class Sink:
    """A transport that answers as told, and a factory of it; counts what it accepts.

    Args:
        answers: Statuses or outcomes, one after another, then 200; or a function of the payload.
    """

    def __init__(self, *answers: int | Outcome | Callable[[Payload], int | Outcome]) -> None:
        self.answers = list(answers)
        self.sent: list[Payload] = []
        self.times: list[float] = []
        self.accepted: Counter[str] = Counter()
        self.threads: set[str] = set()
        self.opened = self.closed = 0
        self.hang = threading.Event()
        self.hang.set()

    def __call__(self) -> Sink:
        self.opened += 1
        return self

    def send(self, payload: Payload) -> Outcome:
        self.sent.append(payload)
        self.times.append(time.monotonic())
        self.threads.add(threading.current_thread().name)
        self.hang.wait(30)
        answer = self._answer(payload)
        outcome = answer if isinstance(answer, Outcome) else Outcome(status_code=answer)
        if outcome.accepted:
            self.accepted.update(payload.ids)
        return outcome

    def close(self) -> None:
        self.closed += 1

    def _answer(self, payload: Payload) -> int | Outcome:
        if not self.answers:
            return 200
        if callable(self.answers[0]):
            return self.answers[0](payload)
        return self.answers.pop(0)


def processor(
    sink: Any,
    *,
    limits: BatchLimits = LIMITS,
    retries: RetryTable = QUICK,
    prepare: Any = prepare,
    pack: Any = pack,
    **policy: Any,
) -> BatchProcessor:
    """Return a processor that sends to ``sink``; its partly filled batches wait long."""
    policy.setdefault("flush_interval_seconds", 60.0)

    def each(group: Sequence[Item], without_bodies: bool) -> list[Any]:
        return in_stages(group, lambda item: prepare(item, without_bodies))

    return BatchProcessor(
        "rig", each, pack, sink, DeliveryPolicy(**policy), limits, retries, "rig's destination"
    )


def law(stats: BackendStats) -> None:
    """Assert the conservation law of :mod:`wsgi_apimetrics.stats`."""
    came = stats.captured + stats.adopted
    is_somewhere = (
        stats.delivered
        + stats.dead_lettered
        + sum(stats.dropped.values())
        + stats.queue_depth
        + stats.spooled
    )
    assert came == is_somewhere, stats
    assert min(stats.queue_depth, stats.queue_bytes, stats.spooled) >= 0, stats
