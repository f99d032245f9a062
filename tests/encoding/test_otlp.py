"""OTLP's spans, read back with the official classes."""

from __future__ import annotations

import gzip
import json

import pytest
from apitoolkit_checker import SDK_TYPES, body_of, check_error, strict_json
from hypothesis import given
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from strategies import an_exchange, client_exchanges, redacted, redacted_exchanges

from wsgi_apimetrics.encoding.apitoolkit_span import APIToolkitSpans
from wsgi_apimetrics.encoding.otlp import OTLPEncoder
from wsgi_apimetrics.encoding.text import text_of
from wsgi_apimetrics.exchange import Body, ErrorRecord, Group, Request, Response

RESOURCE = {"service.name": "shop"}
APITOOLKIT = OTLPEncoder(RESOURCE, APIToolkitSpans("3.0.0", ["eu"]))
ERROR = ErrorRecord("ValueError", "bad", "KeyError", "'x'", "Traceback ...", 1_700_000_001.0)


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    value = getattr(any_value, kind)
    return [value_of(item) for item in value.values] if kind == "array_value" else value


def attributes_of(described):
    names = [pair.key for pair in described.attributes]
    assert len(names) == len(set(names)), names
    return {pair.key: value_of(pair.value) for pair in described.attributes}


def parsed(content):
    """Return every span of a payload with its resource."""
    request = ExportTraceServiceRequest.FromString(content)
    return [
        (spans.resource, span)
        for spans in request.resource_spans
        for scope in spans.scope_spans
        for span in scope.spans
    ]


def encoded(exchange=None, encoder=None):
    fragment = (encoder or OTLPEncoder(RESOURCE)).encode(exchange or an_exchange())
    ((_, span),) = parsed(fragment.content)
    return span


any_exchange = redacted_exchanges | client_exchanges.map(redacted)


@given(any_exchange)
def test_any_exchange_becomes_a_valid_span(exchange):
    """Ids of 16 and 8 bytes, an end that is not before the start, no attribute twice."""
    span = encoded(exchange)
    attributes_of(span)
    assert (len(span.trace_id), len(span.span_id)) == (16, 8)
    assert any(span.trace_id)
    assert len(span.parent_span_id) in {0, 8}
    assert span.end_time_unix_nano >= span.start_time_unix_nano
    assert len(span.events) == len(exchange.errors)


@given(any_exchange)
def test_any_exchange_is_read_by_apitoolkit(exchange):
    """Name, sdk_type, and bodies as base64 of JSON; no name lies inside another's value."""
    span = encoded(exchange, APITOOLKIT)
    attributes = attributes_of(span)
    assert span.name == "monoscope.http"
    assert attributes["apitoolkit.sdk_type"] in SDK_TYPES
    body_of(attributes["http.request.body"])
    body_of(attributes["http.response.body"])
    for name in ("http.request.query_params", "http.request.path_params"):
        assert isinstance(strict_json(attributes[name].encode()), dict)
    for error in strict_json(attributes["apitoolkit.errors"].encode()):
        check_error(error)
    names = [name for name in attributes if not name.startswith("http.request.header.")]
    for name in ("http.request.body", "http.response.body", "http.route"):
        assert not [other for other in names if other.startswith(f"{name}.")]


def test_an_incoming_exchange_by_the_conventions():
    """A SERVER span, whole."""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    exchange = an_exchange(route="/users", parent_span_id="b7ad6b7169203331", trace_id=trace_id)
    span = encoded(exchange)
    assert (span.name, span.kind) == ("POST /users", span.SPAN_KIND_SERVER)
    assert span.trace_id.hex() == trace_id
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert span.span_id.hex() == exchange.span_id
    assert span.end_time_unix_nano - span.start_time_unix_nano == 15_000_000
    assert span.status.code == span.status.STATUS_CODE_UNSET
    assert attributes_of(span) == {
        "http.request.method": "POST",
        "http.route": "/users",
        "url.scheme": "https",
        "url.path": "/users",
        "url.query": "page=2&tag=a&tag=b",
        "server.address": "api.example.com",
        "server.port": 443,
        "client.address": "203.0.113.9",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "http.request.body.size": 15,
        "http.request.body.content": '{"name": "Ada"}',
        "http.response.status_code": 201,
        "http.response.body.size": 9,
        "http.response.body.content": '{"id": 1}',
        "http.request.header.host": ["api.example.com"],
        "http.request.header.content-type": ["application/json"],
        "http.response.header.content-type": ["application/json"],
        "user.id": "sha512-x?1234",
        "user.email": "ada@example.com",
        "user.full_name": "Ada",
        "wsgi_apimetrics.id": exchange.id,
    }


def test_an_outgoing_exchange_by_the_conventions():
    """A CLIENT span with the whole URL; no answer is an error."""
    exchange = an_exchange(
        kind="client",
        route="/todos/{id}",
        request=Request("GET", "http", "api.test:8080", "/todos/2", "a=1"),
        response=Response(0),
        errors=(ERROR,),
        group=None,
    )
    span = encoded(exchange)
    attributes = attributes_of(span)
    assert (span.name, span.kind) == ("GET /todos/{id}", span.SPAN_KIND_CLIENT)
    assert attributes["url.full"] == "http://api.test:8080/todos/2?a=1"
    assert attributes["url.template"] == "/todos/{id}"
    assert (attributes["server.address"], attributes["server.port"]) == ("api.test", 8080)
    assert attributes["error.type"] == "ValueError"
    assert "http.response.status_code" not in attributes
    assert "http.route" not in attributes
    assert (span.status.code, span.status.message) == (span.status.STATUS_CODE_ERROR, "bad")


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [("server", 404, None), ("client", 404, "404"), ("server", 500, "500"), ("client", 200, None)],
)
def test_the_status_follows_the_kind(kind, status, expected):
    """For a server 4xx is the client's fault, for a client it is an error."""
    span = encoded(an_exchange(kind=kind, response=Response(status)))
    assert attributes_of(span).get("error.type") == expected
    assert (span.status.code == span.status.STATUS_CODE_ERROR) is (expected is not None)


def test_errors_are_exception_events():
    """The vendor's issues are made of these; the older attribute goes along."""
    span = encoded(an_exchange(errors=(ERROR,)), APITOOLKIT)
    (event,) = span.events
    assert (event.name, event.time_unix_nano) == ("exception", 1_700_000_001_000_000_000)
    assert attributes_of(event) == {
        "exception.type": "ValueError",
        "exception.message": "bad",
        "exception.stacktrace": "Traceback ...",
    }
    (error,) = json.loads(attributes_of(span)["apitoolkit.errors"])
    assert error["root_error_type"] == "KeyError"


def test_a_method_that_nobody_knows_is_other():
    """Its own name is kept beside; the span's name stays one of few."""
    span = encoded(an_exchange(request=Request("BREW", "http", "h", "/")))
    attributes = attributes_of(span)
    assert span.name == "HTTP"
    assert attributes["http.request.method"] == "_OTHER"
    assert attributes["http.request.method_original"] == "BREW"


def test_apitoolkits_span_whole():
    """The names of its own packages, and no others."""
    exchange = an_exchange(framework="flask", route="/users", parent_id=None, tags=("slow",))
    attributes = attributes_of(encoded(exchange, APITOOLKIT))
    assert body_of(attributes.pop("http.request.body")) == {"name": "Ada"}
    assert body_of(attributes.pop("http.response.body")) == {"id": 1}
    assert attributes == {
        "net.host.name": "api.example.com",
        "url.scheme": "https",
        "client.address": "203.0.113.9",
        "http.request.method": "POST",
        "http.route": "/users",
        "http.target": "/users?page=2&tag=a&tag=b",
        "http.request.query_params": '{"page":["2"],"tag":["a","b"]}',
        "http.request.path_params": "{}",
        "http.response.status_code": 201,
        "apitoolkit.sdk_type": "PythonFlask",
        "apitoolkit.msg_id": exchange.id,
        "apitoolkit.errors": "[]",
        "apitoolkit.service_version": "3.0.0",
        "apitoolkit.tags": ["eu", "slow"],
        "user.id": "sha512-x?1234",
        "user.email": "ada@example.com",
        "user.full_name": "Ada",
        "http.request.header.host": ["api.example.com"],
        "http.request.header.content-type": ["application/json"],
        "http.response.header.content-type": ["application/json"],
    }


@pytest.mark.parametrize("compressed", [False, True])
def test_payloads_are_joined_and_compressed_only_if_asked(compressed):
    """Fragments one after another are one request with all the spans, in order."""
    encoder = OTLPEncoder(RESOURCE, compressed=compressed)
    ids = [f"00000000-0000-4000-8000-00000000000{digit}" for digit in "abc"]
    payload = encoder.pack([encoder.encode(an_exchange(id=id_)) for id_ in ids])
    content = gzip.decompress(payload.content) if compressed else payload.content
    found = parsed(content)
    assert [span.span_id.hex()[-1] for _, span in found] == ["a", "b", "c"]
    assert all(attributes_of(resource) == RESOURCE for resource, _ in found)
    assert payload.content_type == "application/x-protobuf"
    assert payload.ids == tuple(ids)


def test_what_has_no_utf8_is_replaced():
    """Protobuf refuses lone surrogates; binary bodies are data URLs."""
    request = Request("GET", "http", "h", "/", headers=(("X", "\ud800"),))
    response = Response(200, body=Body(b"\xff\x00", content_type="image/x"))
    span = encoded(an_exchange(request=request, response=response, group=Group("\udfff")))
    attributes = attributes_of(span)
    assert attributes["http.request.header.x"] == ["?"]
    assert attributes["user.id"] == "?"
    assert attributes["http.response.body.content"] == "data:image/x;base64,/wA="


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (Body(None), None),
        (Body("ü".encode(), 2, 2, "text/plain"), "ü"),
        (Body(b"\xff", 1, 1, "text/plain"), None),
        (Body(b"a\0b", 3, 3, ""), None),
        (Body(b"a\0b", 3, 3, "text/plain"), "a\0b"),
    ],
)
def test_a_body_is_text_if_it_can_be_read_as_one(body, text):
    """Nothing that was left out, no bytes of another coding, no NULs unless it says text."""
    assert text_of(body) == text
