"""A local backend for any SDK: the vendors' own clients, pointed at ``--ingest``."""

from __future__ import annotations

import base64
import gzip
import json
import time

import pytest
from werkzeug.test import Client

from wsgi_apimetrics.inspector import Inspector
from wsgi_apimetrics.store import Filter, Store

from .conftest import TOKEN, served
from .samples import exchange

NO_SITE = {"base_url": "http://127.0.0.1:8000"}


@pytest.fixture
def ingested(tmp_path):
    return tmp_path / "ingested.sqlite"


@pytest.fixture
def app(fill, ingested):
    app = Inspector(fill(exchange(at=time.time())), token=TOKEN, ingest=ingested)
    yield app
    app.close()


def kept(path):
    """Return what is in the ingested store, the newest first."""
    with Store(path) as store:
        return [store.get(one.id).exchange for one in store.page().summaries]


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the vendor's
def test_readme_metrics_sends_here(app, ingested, monkeypatch):
    """The official package, with nothing changed but README_METRICS_SERVER."""
    from readme_metrics import MetricsApiConfig, MetricsMiddleware

    def shop(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "12")])
        return [b'{"lamp": 42}']

    who = {"api_key": "ada", "label": "Ada", "email": "ada@example.com"}
    with served(app) as address:
        monkeypatch.setenv("README_METRICS_SERVER", address)
        config = MetricsApiConfig(
            "rdme_key",
            lambda _: who,
            base_log_url="https://docs.example.com",
            buffer_length=1,
            background_worker_mode=False,
        )
        body = b'{"want": "lamp"}'
        headers = {"Content-Type": "application/json"}
        client = Client(MetricsMiddleware(shop, config))
        client.post("/lamps?shade=red", data=body, headers=headers).get_data()
    (found,) = kept(ingested)
    assert (found.request.method, found.request.path) == ("POST", "/lamps")
    assert "shade=red" in found.request.query
    assert json.loads(found.response.body.content) == {"lamp": 42}
    assert found.group.label == "Ada"


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_opentelemetry_sends_here(app, ingested, compression):
    """The official SDK and its exporter of protobuf over HTTP."""
    exporter = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    pytest.importorskip(exporter, exc_type=ImportError, reason="protobuf is too old for it")
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.trace import SpanKind

    with served(app) as address:
        exporter = OTLPSpanExporter(
            f"{address}/v1/traces", compression=Compression(compression), timeout=5
        )
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("GET /users/{id}", kind=SpanKind.SERVER) as span:
            span.set_attributes(
                {
                    "http.request.method": "GET",
                    "http.route": "/users/{id}",
                    "url.path": "/users/7",
                    "server.address": "api.example.com",
                    "http.response.status_code": 500,
                    "http.request.header.accept": ["*/*"],
                    "http.response.body.content": '{"a": 1}',
                }
            )
            span.record_exception(KeyError("year"))
            with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT) as call:
                call.set_attribute("http.request.method", "GET")
                call.set_attribute("url.full", "https://pay.example.net/charge?x=1")
        provider.shutdown()
    server, client = sorted(kept(ingested), key=lambda one: one.kind, reverse=True)
    assert (server.route, server.response.status_code) == ("/users/{id}", 500)
    assert server.errors[0].type == "KeyError"
    assert server.response.body.content == b'{"a": 1}'
    assert (client.request.host, client.request.query) == ("pay.example.net", "x=1")
    assert client.parent_id == server.id


@pytest.mark.parametrize("signal", ["logs", "metrics"])
def test_an_sdk_that_sends_all_signals_is_told_that_traces_are_kept(app, ingested, signal):
    """A success of which nothing was rejected, with a warning: nothing that it would try again."""
    trace_service = "opentelemetry.proto.collector.trace.v1.trace_service_pb2"
    answer_class = pytest.importorskip(trace_service).ExportTraceServiceResponse
    as_json = {"Content-Type": "application/json"}
    answer = Client(app).post(f"/v1/{signal}", data=b"{}", headers=as_json, **NO_SITE)
    assert answer.status_code == 200
    assert "traces are kept" in answer.json["partialSuccess"]["errorMessage"]
    as_protobuf = {"Content-Type": "application/x-protobuf"}
    answer = Client(app).post(f"/v1/{signal}", data=b"", headers=as_protobuf, **NO_SITE)
    said = answer_class.FromString(answer.data).partial_success
    assert ("traces are kept" in said.error_message, said.rejected_spans) == (True, 0)
    assert not ingested.exists() or not kept(ingested)


def test_otlp_as_json(app, ingested):
    """Ids in hexadecimal and numbers as texts, as OTLP's JSON has them; compressed."""
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "kind": 2,
        "startTimeUnixNano": "1800000000000000000",
        "endTimeUnixNano": "1800000000500000000",
        "attributes": [
            {"key": "http.method", "value": {"stringValue": "PUT"}},
            {"key": "http.target", "value": {"stringValue": "/old?name=1"}},
            {"key": "http.status_code", "value": {"intValue": "204"}},
        ],
    }
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span, {"name": "no HTTP"}]}]}]}
    answer = Client(app).post(
        "/v1/traces",
        data=gzip.compress(json.dumps(document).encode()),
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        **NO_SITE,
    )
    assert (answer.status_code, answer.json) == (200, {})
    (found,) = kept(ingested)
    assert (found.request.method, found.request.path, found.request.query) == (
        "PUT",
        "/old",
        "name=1",
    )
    assert found.timings.total == pytest.approx(0.5)
    assert found.trace_id == span["traceId"]


def test_apitoolkit_sends_here(app, ingested):
    """client_metadata, then Pub/Sub's publish, with what our own encoder writes for the vendor."""
    from wsgi_apimetrics.encoding.apitoolkit import APIToolkitEncoder
    from wsgi_apimetrics.redaction.policy import RedactionPolicy
    from wsgi_apimetrics.redaction.redactor import Redactor
    from wsgi_apimetrics.redaction.vocabulary import APITOOLKIT

    client = Client(app)
    account = client.get("/api/client_metadata", **NO_SITE).json
    one = exchange(
        "/orders", method="POST", status=201, at=time.time(), route="/orders", got={"a": 1}
    )
    redacted = Redactor(RedactionPolicy(), APITOOLKIT).redact(one)
    message = json.loads(APIToolkitEncoder(tags=["x"]).encode(redacted).content)
    message["project_id"] = account["project_id"]
    url = "/v1/projects/{pubsub_project_id}/topics/{topic_id}:publish".format(**account)
    coded = base64.b64encode(json.dumps(message).encode()).decode()
    answer = client.post(url, json={"messages": [{"data": coded}]}, **NO_SITE)
    assert answer.json == {"messageIds": [one.id]}
    (found,) = kept(ingested)
    assert found.response.body.content == b'{"a":1}'
    assert (found.route, found.tags, found.request.host) == ("/orders", ("x",), one.request.host)
    assert found.started_at == pytest.approx(one.started_at, abs=1e-5)


def test_our_own_apitoolkit_backend_sends_here(app, ingested, monkeypatch):
    """From the key to the message, with root_url and PUBSUB_EMULATOR_HOST and nothing else."""
    from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit

    def shop(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"lamp"]

    with served(app) as address:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address.partition("//")[2])
        backend = APIToolkit(api_key="key", root_url=address)
        wrapped = ApiMetricsMiddleware(shop, backend)
        Client(wrapped).get("/lamps", headers={"Authorization": "Bearer abc"}).get_data()
        assert wrapped.flush(10)
        wrapped.shutdown()
    (found,) = kept(ingested)
    assert found.response.body.content == b"lamp"
    assert ("Authorization", "[CLIENT_REDACTED]") in found.request.headers


def test_readme_project_look_up(app):
    """SDKs ask for the project's base URL before they send anything."""
    answer = Client(app).get("/api/v1/", **NO_SITE)
    assert answer.json["baseUrl"] == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("path", "content", "headers"),
    [
        ("/v1/request", b"{}", {}),
        ("/v1/request", b"[{}]", {}),
        ("/v1/request", b"\xff", {}),
        ("/v1/request", b'[{"request": {"log": {"entries": [[]]}}}]', {}),
        ("/v1/projects/p/topics/t:publish", b'{"messages": [{"data": "%"}]}', {}),
        ("/v1/projects/p/topics/t:publish", b'{"messages": [{"data": "e30="}]}', {}),
        ("/v1/traces", b"\xff\xff", {"Content-Type": "application/x-protobuf"}),
        ("/v1/traces", b"[]", {"Content-Type": "application/json"}),
        ("/v1/traces", b"no gzip", {"Content-Encoding": "gzip"}),
        ("/v1/traces", b"x", {"Content-Encoding": "br"}),
    ],
)
def test_what_is_no_exchange_is_refused(app, ingested, path, content, headers):
    """400 with the reason; nothing is kept."""
    answer = Client(app).post(path, data=content, headers=headers, **NO_SITE)
    assert answer.status_code == 400
    assert "not understood" in answer.text
    assert not ingested.exists()


def test_a_bomb_is_stopped_at_the_bound(app, monkeypatch):
    """What unpacks to more than the bound is refused without unpacking it all."""
    monkeypatch.setattr("wsgi_apimetrics.inspector.ingest.taking.MAX_BYTES", 1000)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    content = gzip.compress(b" " * 1_000_000)[:900]
    assert (
        Client(app).post("/v1/traces", data=content, headers=headers, **NO_SITE).status_code == 413
    )


def test_a_web_page_can_not_send(app, ingested):
    """A page of another site is refused, though an SDK needs no token."""
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = Client(app).post("/v1/request", json=[], headers=headers, **NO_SITE)
    assert answer.status_code == 403
    assert not ingested.exists()


def test_every_page_of_it_says_that_it_is_not_redacted(app, ingested):
    """Its own store, its own pages, labelled; the captured store stays as it was."""
    client = Client(app)
    message = {
        "raw_url": "/x", "request_headers": {}, "response_headers": {}, "status_code": 200,
        "method": "GET", "timestamp": "2026-11-21T12:00:00.123456789Z", "duration": 5,
    }  # fmt: skip
    coded = base64.b64encode(json.dumps(message).encode()).decode()
    publish = "/v1/projects/p/topics/t:publish"
    client.post(publish, json={"messages": [{"data": coded}]}, **NO_SITE)
    client.get(f"/?token={TOKEN}", **NO_SITE)
    (found,) = kept(ingested)
    for path in ("", "exchanges", f"exchanges/{found.id}", "callers", "nowhere"):
        assert "not redacted by us" in client.get(f"/ingested/{path}", **NO_SITE).text
        assert "not redacted by us" not in client.get(f"/{path}", **NO_SITE).text
    with Store(app._captured.path) as store:
        assert store.count(Filter()) == 1
