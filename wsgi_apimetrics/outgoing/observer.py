"""What an observed client asks when a call begins: who takes it, and whose call it is."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from .. import options
from ..current import CurrentExchange, current, exchange_of
from ..exchange import Exchange
from ..observed import middleware_of
from ..options import STRINGS, checked
from ..redaction.policy import RedactionPolicy
from ..redaction.redactor import Redactor
from ..redaction.vocabulary import APITOOLKIT
from ..trace import Trace
from .call import OutgoingCall
from .guarded import guarded

if TYPE_CHECKING:
    from ..middleware import ApiMetricsMiddleware


class Observer:
    """Begins the calls of one observed client.

    Args:
        request: The request that the calls belong to: a framework's, or the environ. Without
            one it is, for each call, the request that its context serves, if any.
        url_wildcard: A template to show in place of the path: ``/todos/{id}``.
        redact_headers: Headers, beside the backends' own, whose values are not sent.
        redact_request_body: JSONPath expressions of what is not sent of requests.
        redact_response_body: The same for responses.
        propagate: Whether calls carry a ``traceparent`` header (W3C Trace Context).
        middleware: Who takes the calls; by default the request's middleware, outside of a
            request the one that was built last.

    Raises:
        ConfigurationError: a rule is wrong.
    """

    def __init__(
        self,
        request: object = None,
        *,
        url_wildcard: str | None = None,
        redact_headers: Sequence[str] = (),
        redact_request_body: Sequence[str] = (),
        redact_response_body: Sequence[str] = (),
        propagate: bool = False,
        middleware: ApiMetricsMiddleware | None = None,
    ) -> None:
        self._parent = None if request is None else exchange_of(request)
        self._url_wildcard = url_wildcard
        self._propagate = propagate
        self._middleware = middleware
        rules = {
            "redact_headers": redact_headers,
            "redact_request_body": redact_request_body,
            "redact_response_body": redact_response_body,
        }
        self._redactor = _redactor(
            *(checked(name, value, STRINGS, "observed call: ") for name, value in rules.items())
        )

    def begin(
        self, method: str, url: str, headers: Iterable[tuple[str, str]]
    ) -> OutgoingCall | None:
        """Begin a call; ``None`` if nobody takes it."""
        return guarded("begin", lambda: self._begun(method, url, headers))

    def _begun(
        self, method: str, url: str, headers: Iterable[tuple[str, str]]
    ) -> OutgoingCall | None:
        parent = self._parent or current.get()
        middleware = self._middleware or middleware_of(parent)
        if middleware is None or not middleware.observes_calls:
            return None
        return OutgoingCall(
            method=method,
            url=url,
            headers=headers,
            policy=middleware.capture_policy,
            trace=None if parent is None else Trace(parent.trace_id, _span_id(parent)),
            parent_id=None if parent is None else parent.id,
            url_wildcard=self._url_wildcard,
            redact=self._redact,
            finished=middleware.take_call,
        )

    def traceparent(self, call: OutgoingCall) -> dict[str, str]:
        """Return the header that names ``call``'s trace, if it was asked for."""
        if not self._propagate:
            return {}
        return {"traceparent": f"00-{call.trace.trace_id}-{_span_id(call)}-01"}

    def _redact(self, exchange: Exchange) -> Exchange:
        """Apply the call's own rules; those of each backend come after them, and in full."""
        if self._redactor is None:
            return exchange
        redacted = self._redactor.redact(exchange)
        return Exchange(**{field.name: getattr(redacted, field.name) for field in _FIELDS})


_FIELDS = fields(Exchange)


def _span_id(exchange: CurrentExchange | OutgoingCall) -> str:
    return exchange.id.replace("-", "")[16:]


@functools.lru_cache(maxsize=128)
def _redactor(
    headers: tuple[str, ...], request_body: tuple[str, ...], response_body: tuple[str, ...]
) -> Redactor | None:
    if not (headers or request_body or response_body):
        return None
    given: dict[str, Any] = {
        "redact_headers": headers,
        "redact_request_body": request_body,
        "redact_response_body": response_body,
    }
    return Redactor(options.build(RedactionPolicy, given), APITOOLKIT)
