"""What older and stranger SDKs write: each oddity is read, or refused in words."""

from __future__ import annotations

import base64
import json
import sys
import uuid
import zlib

import pytest
from werkzeug.test import Client

from wsgi_apimetrics.inspector import Inspector
from wsgi_apimetrics.inspector.ingest import account, messages, readme, spans
from wsgi_apimetrics.inspector.ingest.reading import id_of, moment
from wsgi_apimetrics.store import Store

from .conftest import TOKEN

NO_SITE = {"base_url": "http://127.0.0.1:8000"}


def coded(content):
    return base64.b64encode(content).decode()


# -- ReadMe ---------------------------------------------------------------------------------


def log(**changed):
    """One log of ReadMe's, with what its entry should have otherwise."""
    request = {"method": "GET", "url": "https://api.example.com/x", "headers": []}
    request.update(changed.pop("request", {}))
    response = {"status": 200, "headers": [], "content": changed.pop("content", {})}
    entry = {"startedDateTime": "2026-11-21T12:00:00Z", "request": request, "response": response}
    return {**changed.pop("log", {}), "request": {"log": {"entries": [{**entry, **changed}]}}}


def read(**changed):
    (found,) = readme.exchanges([log(**changed)])
    return found


@pytest.mark.parametrize(
    ("posted", "content"),
    [
        (None, None),
        ({"text": "héllo"}, "héllo".encode()),
        ({"text": None}, b""),
        ({"params": [{"name": "a", "value": "1 2"}, {"name": "b"}]}, b"a=1+2&b="),
    ],
)
def test_readme_post_data(posted, content):
    """As text, or taken apart as a form."""
    assert read(request={"postData": posted}).request.body.content == (content or b"")


@pytest.mark.parametrize(
    ("content", "kept", "size"),
    [
        ({"text": "ok"}, b"ok", 2),
        ({"text": coded(b"\xff\x00"), "encoding": "base64"}, b"\xff\x00", 2),
        ({"size": 7}, None, 7),
        ({"size": -1}, b"", 0),
        ({"size": "7"}, b"", 0),
        ({}, b"", 0),
    ],
)
def test_readme_content(content, kept, size):
    """With its text, as Base64, or with nothing but its size."""
    body = read(content=content).response.body
    assert (body.content, body.size) == (kept, size)


@pytest.mark.parametrize(
    ("given", "total"),
    [
        ({"time": 1500}, 1.5),
        ({"time": 1500, "timings": {"wait": 20, "receive": 5}}, 0.025),
        ({"time": -1, "timings": {"wait": -1, "receive": None}}, 0.0),
        ({}, 0.0),
    ],
)
def test_readme_timings(given, total):
    """In milliseconds; -1 means that it is not known."""
    assert read(**given).timings.total == pytest.approx(total)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"id": "a", "label": "Ada", "email": "ada@example.com"}, ("a", "Ada", "ada@example.com")),
        ({"api_key": "a", "label": ""}, ("a", None, None)),
        ({"label": "nobody"}, None),
        (None, None),
    ],
)
def test_readme_groups(group, expected):
    """Older SDKs say api_key for id."""
    found = read(log={"group": group}).group
    assert (found and (found.id, found.label, found.email)) == expected


@pytest.mark.parametrize(
    ("pageref", "route"),
    [
        ("https://api.example.com/users/{id}", "/users/{id}"),
        ("https://api.example.com/x", None),
        (None, None),
    ],
)
def test_readme_routes(pageref, route):
    """A page that is more than the address itself."""
    assert read(pageref=pageref).route == route


def test_readme_queries_and_versions():
    """Of the address, or taken apart beside it."""
    taken = {"queryString": [{"name": "a", "value": "1"}, {"name": "b"}], "httpVersion": "HTTP/2"}
    found = read(request=taken, log={"development": True}).request
    assert (found.query, found.protocol_version) == ("a=1&b=", "2")
    assert read(request={"url": "https://a.example/x?q=1"}).request.query == "q=1"


# -- APIToolkit -----------------------------------------------------------------------------


def message(**changed):
    plain = {
        "raw_url": "/x?y=1", "request_headers": {"Accept": ["a", "b"]}, "response_headers": {},
        "status_code": 200, "method": "GET", "timestamp": "2026-11-21T12:00:00Z", "duration": 5e6,
    }  # fmt: skip
    data = coded(json.dumps({**plain, **changed}).encode())
    (found,) = messages.exchanges({"messages": [{"data": data}]})
    return found


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        (b"null", b""),
        (b'"a text"', b"a text"),
        (b'{"a": 1}', b'{"a": 1}'),
        (b"", b""),
    ],
)
def test_apitoolkit_bodies(sent, content):
    """A document in Base64; some SDKs write a text as a JSON string in it."""
    assert message(request_body=coded(sent)).request.body.content == content


def test_apitoolkit_json_strings_stay_json():
    """Where the type says JSON, the quotes are the body's own."""
    headers = {"Content-Type": "application/json"}
    found = message(response_body=coded(b'"a text"'), response_headers=headers)
    assert found.response.body.content == b'"a text"'


def test_apitoolkit_errors_parents_and_outgoing_calls():
    """What an SDK says of an exchange beyond the exchange."""
    error = {"error_type": "KeyError", "message": "'x'", "when": "2026-11-21T12:00:00Z"}
    found = message(errors=[error, {}], parent_id="p", sdk_type="PythonOutgoing", tags=["a"])
    assert [(one.type, one.root_message) for one in found.errors] == [
        ("KeyError", "'x'"),
        ("error", ""),
    ]
    assert (found.kind, found.parent_id, found.tags) == ("client", id_of("p"), ("a",))
    assert message(sdk_type="PythonFlask", query_params={"q": ["1"]}).framework == "flask"


# -- OTLP -----------------------------------------------------------------------------------


def span(attributes, **more):
    """Read a span as OTLP's JSON has it."""

    def value(given):
        if isinstance(given, list):
            return {"arrayValue": {"values": [value(one) for one in given]}}
        return {"intValue": str(given)} if isinstance(given, int) else {"stringValue": given}

    plain = {
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174",
        "startTimeUnixNano": "1800000000000000000", "kind": 2,
        "attributes": [{"key": name, "value": value(one)} for name, one in attributes.items()],
    }  # fmt: skip
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{**plain, **more}]}]}]}
    return spans.exchanges(json.dumps(document).encode(), is_json=True)


@pytest.mark.parametrize(
    ("attributes", "content"),
    [
        ({"http.response.body.content": "text"}, b"text"),
        ({"http.response.body": coded(b'{"a": 1}')}, b'{"a": 1}'),
        ({"http.response.body": coded(b'"text"')}, b"text"),
        ({"http.response.body": coded(b"null")}, b""),
        ({"http.response.body": "no Base64!"}, b"no Base64!"),
        ({"http.response.body.size": 12}, None),
        ({"http.response.body.size": 0}, b""),
        ({}, b""),
    ],
)
def test_otlp_bodies(attributes, content):
    """Elastic's attribute, APIToolkit's, or the size alone."""
    (found,) = span({"http.request.method": "GET", **attributes})
    assert found.response.body.content == content


@pytest.mark.parametrize(
    ("attributes", "host"),
    [
        ({"server.address": "a.example", "server.port": 8080}, "a.example:8080"),
        ({"server.address": "a.example", "server.port": 443}, "a.example"),
        ({"http.host": "a.example:81", "net.host.port": 81}, "a.example:81"),
        ({"http.url": "http://b.example:82/x"}, "b.example:82"),
        ({}, ""),
    ],
)
def test_otlp_hosts(attributes, host):
    """Newer names first, then older; a usual port is left out."""
    (found,) = span({"http.method": "GET", **attributes})
    assert found.request.host == host


def test_otlp_headers_and_users():
    """A header that came twice is there twice; who called is the caller."""
    (found,) = span(
        {
            "http.method": "GET",
            "http.request.header.accept": ["a", "b"],
            "http.response.header.x-one": "1",
            "user.id": "ada",
            "http.status_code": "none",
        },
        events=[{"name": "exception", "attributes": []}, {"name": "other"}],
    )
    assert found.request.headers == (("accept", "a"), ("accept", "b"))
    assert found.response.headers == (("x-one", "1"),)
    assert (found.group.id, found.response.status_code) == ("ada", 0)
    assert [error.type for error in found.errors] == ["error"]


@pytest.mark.parametrize("trace", ["%%%", "zz" * 16])
def test_otlp_ids_that_are_none(trace):
    """Neither hexadecimal nor Base64."""
    with pytest.raises(ValueError, match=r"id|invalid literal"):
        span({"http.method": "GET"}, traceId=trace)


def test_otlp_in_protobuf_without_the_extra(monkeypatch, fill, tmp_path):
    """501, not 400: nothing is wrong with what was sent; the text says what to install."""
    monkeypatch.setitem(
        sys.modules, "opentelemetry.proto.collector.trace.v1.trace_service_pb2", None
    )
    inspector = Inspector(fill(), token=TOKEN, ingest=tmp_path / "ingested.sqlite")
    headers = {"Content-Type": "application/x-protobuf"}
    answer = Client(inspector).post("/v1/traces", data=b"", headers=headers, **NO_SITE)
    inspector.close()
    assert answer.status_code == 501
    assert "pip install 'wsgi-apimetrics[otlp]'" in answer.text


# -- all of them ----------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "", 0])
def test_without_an_id_there_is_a_new_one(given):
    """Never the same."""
    assert uuid.UUID(id_of(given)) != uuid.UUID(id_of(given))


@pytest.mark.parametrize("given", ["7", "not a uuid", 12])
def test_an_id_of_any_form_is_the_same_each_time(given):
    """So that what is sent twice is kept once."""
    assert id_of(given) == id_of(given)
    assert id_of(id_of(given)) == id_of(given)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:00:00z",
        "2026-11-21T12:00:00",
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T12:00:00.0",
        "2026-11-21T12:00:00.000000000Z",
    ],
)
def test_a_moment_of_any_form(text):
    """With any number of digits; one without a zone is of UTC."""
    assert moment(text) == 1795262400.0


@pytest.mark.parametrize("wrap", [True, False])
def test_deflate_is_understood(fill, tmp_path, wrap):
    """With zlib's wrapper, as RFC 9110 has it; without, it is refused in words."""
    content = json.dumps([log()]).encode()
    packed = zlib.compress(content) if wrap else zlib.compress(content)[2:-4]
    path = tmp_path / "ingested.sqlite"
    inspector = Inspector(fill(), token=TOKEN, ingest=path)
    answer = Client(inspector).post(
        "/v1/request", data=packed, headers={"Content-Encoding": "deflate"}, **NO_SITE
    )
    inspector.close()
    assert answer.status_code == (202 if wrap else 400)
    if wrap:
        with Store(path) as store:
            assert store.count() == 1


def test_a_store_that_takes_nothing_is_said(fill, tmp_path):
    """503 with the reason; the file is left alone."""
    path = tmp_path / "ingested.sqlite"
    path.write_text("Dear diary,")
    inspector = Inspector(fill(), token=TOKEN, ingest=path)
    answer = Client(inspector).post("/v1/request", json=[log()], **NO_SITE)
    inspector.close()
    assert (answer.status_code, "not kept" in answer.text) == (503, True)
    assert path.read_text() == "Dear diary,"


def test_an_account_without_a_package_that_makes_keys(monkeypatch):
    """The SDK is told of its project all the same."""
    account._key.cache_clear()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "cryptography.hazmat.primitives", None)
        answer = account.metadata("http://127.0.0.1/")
    account._key.cache_clear()
    assert "private_key" not in answer["pubsub_push_service_account"]
    assert answer["topic_id"] == "ingested"
