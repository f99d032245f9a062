"""One outgoing call under way: what was sent, what came back, or why nothing did.

Like a request's raw record it holds references and numbers only; the exchange is made of it on
the worker. Whatever fails in here is counted by the guard and never reaches the app.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ..capture.assemble import recorded_body
from ..capture.body import BodyRecorder, InputRecorder
from ..capture.policy import CapturePolicy
from ..capture.record import new_id
from ..errors import error_record
from ..exchange import Body, ErrorRecord, Exchange, Headers, Request, Response, Timings
from ..trace import Trace
from .guarded import guarded

_FIXED_COST = 1400
_HEADER_COST = 190
"""Bytes of memory, measured and rounded up: of a call without headers, and of each header."""

Finished = Callable[["OutgoingCall"], None]
Redact = Callable[[Exchange], Exchange]


class OutgoingCall:
    """Filled by the thread that makes the call; finished exactly once.

    Args:
        method: The request's method.
        url: The absolute URL.
        headers: The request's header fields.
        policy: What to keep of bodies.
        trace: The trace, and the span of the incoming exchange, if there is one.
        parent_id: The incoming exchange's id.
        url_wildcard: The URL's template, if the app said one.
        redact: This call's own rules.
        finished: Takes the call when it is over.
    """

    __slots__ = (
        "_began",
        "_decoded",
        "_ended",
        "_errors",
        "_finished",
        "_headers",
        "_method",
        "_policy",
        "_protocol_version",
        "_redact",
        "_response_headers",
        "_started",
        "_started_at",
        "_status",
        "_status_text",
        "_url",
        "_url_wildcard",
        "_whole",
        "cost",
        "id",
        "parent_id",
        "received",
        "sent",
        "trace",
    )

    def __init__(
        self,
        *,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        policy: CapturePolicy,
        trace: Trace | None,
        parent_id: str | None,
        url_wildcard: str | None,
        redact: Redact,
        finished: Finished,
    ) -> None:
        self._started_at = time.time()
        self.id = new_id(self._started_at)
        self.parent_id = parent_id
        self.trace = trace or Trace(self.id.replace("-", ""), None)
        self.cost = _FIXED_COST
        self._method = method
        self._url = url
        self._headers = tuple(headers)
        self._policy = policy
        self._url_wildcard = url_wildcard
        self._redact = redact
        self._finished: Finished | None = finished
        self._started = time.perf_counter()
        self._began = self._ended = 0.0
        self._status = 0
        self._status_text = ""
        self._protocol_version = "1.1"
        self._response_headers: Headers = ()
        self._decoded = False
        self._whole = False
        self._errors: list[ErrorRecord] = []
        self.sent = InputRecorder(policy.max_body_bytes if policy.capture_request_body else 0)
        self.received = BodyRecorder(policy.max_body_bytes if policy.capture_response_body else 0)

    def answered(
        self, status: int, status_text: str, headers: Iterable[tuple[str, str]], version: str
    ) -> None:
        """The response's head has come; ``version`` as in ``1.1``."""
        self._began = time.perf_counter()
        self._status = status
        self._status_text = status_text
        self._response_headers = tuple(headers)
        self._protocol_version = version

    def came(self, data: bytes, *, decoded: bool = False) -> None:
        """The app has got the next bytes of the response, with its coding or without."""
        self._decoded = decoded
        self.received.add(data)

    def exhausted(self) -> None:
        """The response's last byte has been taken."""
        self._whole = True
        self._ended = self._ended or time.perf_counter()

    @contextmanager
    def ended_by(self, kind: type[BaseException]) -> Iterator[None]:
        """An error of this ``kind`` ends the call, and goes on to the app."""
        try:
            yield
        except kind as error:
            record = guarded("error", functools.partial(error_record, error, time.time()))
            if record is not None:
                self._errors.append(record)
            self.finish()
            raise

    def finish(self) -> None:
        """The call is over; only the first time counts."""
        finished, self._finished = self._finished, None
        if finished is None:
            return
        self._ended = self._ended or time.perf_counter()
        headers = len(self._headers) + len(self._response_headers)
        self.cost += headers * _HEADER_COST + len(self.sent) + len(self.received)
        guarded("finish", lambda: finished(self))

    def exchange(self) -> Exchange:
        """Return the exchange, with the call's own rules applied; made anew, on the worker."""
        return self._redact(self._assembled())

    def _assembled(self) -> Exchange:
        wait = (self._began or self._ended) - self._started
        return Exchange(
            id=self.id,
            started_at=self._started_at,
            request=self._request(),
            response=self._response(),
            timings=Timings(wait, self._ended - self._started - wait),
            kind="client",
            route=self._url_wildcard,
            errors=tuple(self._errors),
            aborted=bool(self._status) and not self._whole,
            parent_id=self.parent_id,
            trace_id=self.trace.trace_id,
            parent_span_id=self.trace.parent_span_id,
        )

    def _request(self) -> Request:
        parts = urlsplit(self._url)
        host = parts.netloc.rpartition("@")[2]  # without a password
        return Request(
            method=self._method,
            scheme=parts.scheme,
            host=host,
            path=parts.path or "/",
            query=parts.query,
            protocol_version=self._protocol_version,
            headers=self._headers,
            body=self._body(self.sent, self._headers, kept=self._policy.capture_request_body),
        )

    def _response(self) -> Response:
        kept = self._policy.capture_response_body
        headers = self._response_headers
        body = self._body(self.received, headers, kept=kept, decoded=self._decoded)
        if self._method == "HEAD" or not self._status:
            body = Body()
        elif not self._whole and not self.received.size:
            body = Body(None, None, None, body.content_type, omitted="unread")
        return Response(self._status, self._status_text, headers, body)

    def _body(
        self, recorder: BodyRecorder, headers: Headers, *, kept: bool, decoded: bool = False
    ) -> Body:
        content_type = _header(headers, "content-type")
        if recorder.size and not kept:
            return Body(None, recorder.size, recorder.size, content_type, omitted="policy")
        encoding = "" if decoded else _header(headers, "content-encoding")
        return recorded_body(recorder.recorded(), content_type, encoding, self._policy)


def _header(headers: Headers, wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


class Tee:
    """Passes an iterable of bytes on, and each of them to ``add`` first.

    Not a generator: a body may be sent twice, after a redirect or for authentication.
    """

    def __init__(self, chunks: Iterable[Any], add: Callable[[Any], None]) -> None:
        self._chunks = chunks
        self._add = add

    def __iter__(self) -> Any:
        for chunk in self._chunks:
            self._add(chunk)
            yield chunk
