"""Finished exchanges to the backends that want them.

The assembly that the middleware and outgoing calls share: for each backend it joins the
redactor, the encoder, the processor and the transport to one lane. The lanes know nothing of
each other, so a backend that fails does not touch another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .backends.base import Parts
from .backends.sampling import Selection
from .capture.record import GroupOutcome, RawExchange, assembler, reseed_ids
from .capture.status import status_code_of
from .delivery.guard import in_stages
from .delivery.pipeline import spooler
from .delivery.processor import BatchProcessor
from .delivery.submission import Captured
from .reported import Group
from .stats import BackendStats, DropReason

if TYPE_CHECKING:
    from .delivery.preparing import Prepare
    from .exchange import Body, Exchange, RedactedExchange
    from .hosts import AllowedHosts
    from .payload import Fragment, Payload, Transport
    from .redaction.policy import RedactionPolicy


class Lane:
    """One backend's way from a captured exchange to the wire."""

    __slots__ = (
        "_group_index",
        "_hosts",
        "_made",
        "_selection",
        "_submit",
        "parts",
        "processor",
        "takes_client_exchanges",
    )

    def __init__(self, parts: Parts, group_index: int | None, hosts: AllowedHosts | None) -> None:
        self.parts = parts
        self.takes_client_exchanges = parts.takes_client_exchanges
        self._group_index = group_index
        self._hosts = hosts
        self._selection = Selection(parts.selection)
        _find_mistakes(parts.redaction)
        self.processor = BatchProcessor(
            parts.name,
            self._prepare,
            self._pack,
            self._open_transport,
            parts.delivery,
            parts.limits,
            parts.retries,
            parts.destination,
        )
        self._submit = self.processor.submit
        self._made: Prepare | None = None
        if parts.delivery.spool_dir is not None:
            self._make_ready()

    def with_parts(self, parts: Parts) -> Lane:
        """Return a lane that takes the same exchanges another way."""
        return Lane(parts, self._group_index, self._hosts)

    def record(self, raw: RawExchange) -> None:
        """Take an incoming exchange, or count why not."""
        if self._hosts is not None and raw.environ not in self._hosts:
            return
        if raw.groups or not self._selection.all:
            reason = self._refusal(raw, raw.status or "")
            if reason is not None:
                self.processor.drop(reason)
                return
        self._submit(raw)

    def wants(self, raw: RawExchange, status: str) -> bool:
        """Whether this backend gets the exchange, as far as its beginning tells."""
        if self._hosts is not None and raw.environ not in self._hosts:
            return False
        return self._refusal(raw, status) is None

    def _refusal(self, raw: RawExchange, status: str) -> DropReason | None:
        """Why this backend does not get the exchange; what can be told without assembling it."""
        group = self.group(raw.groups)
        if isinstance(group, DropReason):
            return group
        if self._selection.all:
            return None
        code = 500 if raw.raised else status_code_of(status)
        route = raw.route or raw.environ.get("SCRIPT_NAME", "") + raw.environ.get("PATH_INFO", "")
        verdict = self._selection.judge(raw.id, route, code, failed=bool(raw.errors))
        return verdict if isinstance(verdict, DropReason) else None

    def group(self, groups: Sequence[GroupOutcome]) -> GroupOutcome:
        """Return what this backend's grouping function came to."""
        if not groups or self._group_index is None:
            return None
        return groups[self._group_index]

    def _open_transport(self) -> Transport:
        """Called once in every process that sends, also in one forked without Python's hooks."""
        reseed_ids()
        return self.parts.open_transport()

    def _pack(self, fragments: Sequence[Fragment]) -> Payload:
        return self.parts.encoder.pack(fragments)

    def _prepare(
        self, group: Sequence[Captured], without_bodies: bool
    ) -> Sequence[Fragment | Exception]:
        """Redact and encode some exchanges; what does it is made with the first."""
        if self._made is None:
            self._made = self._preparation()
        return self._made(group, without_bodies)

    def _make_ready(self) -> None:
        """Have nothing left to import: what is captured is to be on disk a moment later."""
        assembler()
        spooler()
        self._made = self._preparation()

    def _preparation(self) -> Prepare:
        """Redaction and encoding, as the worker runs them."""
        from .redaction.redactor import Redactor

        redact = Redactor(self.parts.redaction, self.parts.vocabulary).redact
        encode = self.parts.encoder.encode

        def redacted(exchange: Exchange) -> RedactedExchange:
            clean = redact(exchange)
            for redaction in clean.redactions:
                if redaction.reason is not None:
                    self.processor.note_omitted_body(redaction.reason)
            return clean

        def prepare(
            group: Sequence[Captured], without_bodies: bool
        ) -> Sequence[Fragment | Exception]:
            if without_bodies:
                return in_stages(group, self._selected, _without_bodies, redacted, encode)
            return in_stages(group, self._selected, redacted, encode)

        return prepare

    def _selected(self, captured: Captured) -> Exchange:
        exchange = captured.exchange()
        if isinstance(captured, RawExchange):
            group = self.group(captured.groups)
            if group is not exchange.group:
                exchange = replace(exchange, group=group if isinstance(group, Group) else None)
        return self._selection.select(exchange)


class Recorder:
    """Hands exchanges to the lanes; flushes them and shuts them down together."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self._client_lanes = tuple(lane for lane in lanes if lane.takes_client_exchanges)
        self._header_lanes = tuple(
            (lane, lane.parts.response_header) for lane in lanes if lane.parts.response_header
        )

    def record(self, raw: RawExchange) -> None:
        """Take one incoming exchange; called once for each, on the request's thread.

        Raises:
            Exception: what the first lane that failed raised; the others have the exchange.
        """
        fault: Exception | None = None
        for lane in self.lanes:
            try:
                lane.record(raw)
            except Exception as error:
                lane.processor.drop(DropReason.CAPTURE_FAILED)
                fault = fault or error
        if fault is not None:
            raise fault

    @property
    def takes_outgoing(self) -> bool:
        """Whether any backend can show an outgoing exchange."""
        return bool(self._client_lanes)

    def record_outgoing(self, captured: Captured) -> None:
        """Take one outgoing exchange, for the backends that can show it."""
        for lane in self._client_lanes:
            lane.processor.submit(captured)

    @property
    def has_headers(self) -> bool:
        """Whether :meth:`response_header` may ever have one."""
        return bool(self._header_lanes)

    def response_header(self, raw: RawExchange, status: str) -> tuple[str, str] | None:
        """Return a header for the response that a backend asks for, if it gets the exchange."""
        for lane, header in self._header_lanes:
            if lane.wants(raw, status):
                return header(raw.id)
        return None

    def drop(self, reason: DropReason) -> None:
        """Count an exchange that no backend gets."""
        for lane in self.lanes:
            lane.processor.drop(reason)

    def flush(self, timeout: float = 5.0) -> bool:
        """Send what is held, and wait for it at most ``timeout`` seconds.

        Returns:
            Whether everything that had been captured before went out.
        """
        return self._all(BatchProcessor.flush, timeout)

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Flush, and stop the workers; may be called more than once."""
        return self._all(BatchProcessor.shutdown, timeout)

    def stats(self) -> dict[str, BackendStats]:
        """Return each backend's counters by its name."""
        return {lane.parts.name: lane.processor.stats() for lane in self.lanes}

    def _all(self, action: Callable[[BatchProcessor, float], bool], timeout: float) -> bool:
        """Share one deadline among the lanes, whose workers go on side by side."""
        deadline = time.monotonic() + timeout
        for lane in self.lanes:
            lane.processor.hurry()
        went_out = [
            action(lane.processor, max(0.0, deadline - time.monotonic())) for lane in self.lanes
        ]
        return all(went_out)


def _find_mistakes(policy: RedactionPolicy) -> None:
    """Parse rules that may be wrong; what applies them is made with the first exchange."""
    if policy.redact_patterns or policy.paths():
        from .redaction.mistakes import find_mistakes

        find_mistakes(policy)


def _without_bodies(exchange: Exchange) -> Exchange:
    """Leave the bodies out of an exchange that is too large for its backend."""

    def shrunk(body: Body) -> Body:
        return replace(body, content=None, omitted="too large") if body.content else body

    return replace(
        exchange,
        request=replace(exchange.request, body=shrunk(exchange.request.body)),
        response=replace(exchange.response, body=shrunk(exchange.response.body)),
    )
