"""Never run: what users write, as a type checker sees it. mypy --strict and pyright pass it.

Lines that are wrong carry ``type: ignore``, and mypy refuses an ignore that is not needed: so
that they are found to be wrong is held, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wsgi_apimetrics import OTLP, ApiMetricsMiddleware, APIToolkit, Local, ReadMe, report_error
from wsgi_apimetrics.backends.base import Backend, Parts
from wsgi_apimetrics.exchange import Body, RedactedExchange
from wsgi_apimetrics.payload import Outcome, Payload, Transport
from wsgi_apimetrics.stats import BackendStats
from wsgi_apimetrics.testing import Memory, MemoryTransport, capture_exchanges

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from wsgi_apimetrics.typing import MiddlewareOptions


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def who(request: Any) -> dict[str, str] | None:
    return {"api_key": request.headers["X-User"]}


def last_word(exchange: RedactedExchange) -> RedactedExchange | None:
    return exchange if exchange.request.method == "GET" else None


def route(environ: Mapping[str, Any]) -> str | None:
    found = environ.get("my.route")
    return found if isinstance(found, str) else None


options: MiddlewareOptions = {"denylist": ["password"], "max_body_bytes": 4096}

wrapped: WSGIApplication = ApiMetricsMiddleware(app)
again = ApiMetricsMiddleware(
    wrapped,
    ReadMe(api_key="k", grouping_function=who, denylist={"ssn"}, sample_rates={"2xx": 0.1}),
    APIToolkit(api_key="k", tags=["prod"], protocol="otlp"),
    OTLP(endpoint="http://127.0.0.1:4318/v1/traces", headers={"x-key": "k"}),
    Local(path="exchanges.sqlite", max_age_days=1),
    before_send=last_word,
    route_resolver=route,
    grouping_function="package.module.function",
    spool_dir="/var/spool/app",
)
ApiMetricsMiddleware(app, **options)

sent: bool = again.flush(1.0) and again.shutdown()
counts: Mapping[str, BackendStats] = again.stats()

ApiMetricsMiddleware(app, denylst=["password"])  # type: ignore[call-arg] # pyright: ignore
ApiMetricsMiddleware(app, max_body_bytes="1 MB")  # type: ignore[arg-type] # pyright: ignore
ApiMetricsMiddleware(app, "readme")  # type: ignore[arg-type] # pyright: ignore
ReadMe(api_key="k", durability="some")  # type: ignore[arg-type] # pyright: ignore
Local(api_key="k")  # type: ignore[call-arg] # pyright: ignore


class Tap(Transport):
    """A transport of one's own."""

    def send(self, payload: Payload) -> Outcome:
        self.last = payload.content
        return Outcome(status_code=204)

    def close(self) -> None:
        """Hold nothing."""


class Own(Backend):
    """A backend of one's own, over the parts of another."""

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        return Memory().parts(shared, environment)


def handled(error: ValueError) -> None:
    report_error(error)


def test_what_is_sent() -> None:
    with capture_exchanges(app) as captured:
        pass
    for exchange in captured:
        body: Body = exchange.response.body
        assert body.size == 5
    transport: Transport = MemoryTransport()
    ApiMetricsMiddleware(app, Memory(like=ReadMe(api_key="k"), transport=MemoryTransport()))
    transport.close()
