"""APIToolkit's messages: none that the server would drop, and every field as it is read."""

from __future__ import annotations

import json

import pytest
from apitoolkit_checker import body_of, check_message, strict_json
from hypothesis import given
from strategies import an_exchange, client_exchanges, redacted, redacted_exchanges

from wsgi_apimetrics.encoding.apitoolkit import APIToolkitEncoder
from wsgi_apimetrics.exchange import Body, ErrorRecord, Request, Response, Timings

PROJECT = "5a9f0c0e-1c1f-4b59-9d6c-0d7d4c1f2e3a"


def with_project(line):
    """Do as the transport does: add what came with the key's metadata."""
    return json.dumps({"project_id": PROJECT, **strict_json(line)}).encode()


def encoded(exchange=None, **options):
    fragment = APIToolkitEncoder(**options).encode(exchange or an_exchange())
    return check_message(with_project(fragment.content))


def body(content, content_type="", **fields):
    request = Request(
        "POST", "http", "h", "/", body=Body(content, content_type=content_type, **fields)
    )
    return body_of(encoded(an_exchange(request=request))["request_body"])


@given(redacted_exchanges | client_exchanges.map(redacted))
def test_no_exchange_makes_a_message_that_the_server_would_drop(exchange):
    """Whatever the app and its clients do, the parser's rules hold."""
    fragment = APIToolkitEncoder("1.0", ["a"]).encode(exchange)
    message = check_message(with_project(fragment.content))
    assert message["msg_id"] == fragment.id == exchange.id
    assert b"\n" not in fragment.content


def test_every_field_of_a_plain_exchange():
    """A message, whole."""
    message = encoded(service_version="3.0.0", tags=["prod", "eu"])
    assert body_of(message.pop("request_body")) == {"name": "Ada"}
    assert body_of(message.pop("response_body")) == {"id": 1}
    assert message == {
        "duration": 15_000_000,
        "errors": [],
        "host": "api.example.com",
        "method": "POST",
        "msg_id": "00000000-0000-4000-8000-000000000007",
        "parent_id": None,
        "path_params": {},
        "project_id": PROJECT,
        "proto_major": 1,
        "proto_minor": 1,
        "query_params": {"page": ["2"], "tag": ["a", "b"]},
        "raw_url": "/users?page=2&tag=a&tag=b",
        "referer": None,
        "request_headers": {"Host": ["api.example.com"], "Content-Type": ["application/json"]},
        "response_headers": {"Content-Type": ["application/json"]},
        "sdk_type": "SDKUnknown",
        "service_version": "3.0.0",
        "status_code": 201,
        "tags": ["prod", "eu"],
        "timestamp": "2023-11-14T22:13:20.123400Z",
        "url_path": "/users",
    }


@pytest.mark.parametrize(
    ("framework", "kind", "expected"),
    [
        ("flask", "server", "PythonFlask"),
        ("django", "server", "PythonDjango"),
        ("pyramid", "server", "PythonPyramid"),
        ("bottle", "server", "SDKUnknown"),
        (None, "server", "SDKUnknown"),
        ("flask", "client", "PythonOutgoing"),
    ],
)
def test_the_sdk_type_is_one_that_the_server_knows(framework, kind, expected):
    """By the framework that was seen; there is no word for the others."""
    assert encoded(an_exchange(framework=framework, kind=kind))["sdk_type"] == expected


def test_the_route_is_the_url_path_and_its_parameters_are_texts():
    """Endpoints are told apart by the template, never by the path that was asked for."""
    message = encoded(
        an_exchange(route="/users/<int:id>", path_params={"id": 42, "x": float("nan")})
    )
    assert message["url_path"] == "/users/<int:id>"
    assert message["path_params"] == {"id": "42", "x": "nan"}


def test_a_404_has_no_url_path():
    """A scanner's paths would else become endpoints."""
    assert encoded(an_exchange(response=Response(404)))["url_path"] is None


def test_headers_keep_every_value():
    """Two cookies are two values of one name, however each was spelled."""
    headers = (("Set-Cookie", "a=1"), ("set-cookie", "b=2"))
    message = encoded(an_exchange(response=Response(200, headers=headers)))
    assert message["response_headers"] == {"Set-Cookie": ["a=1", "b=2"]}


def test_an_error_has_all_six_fields():
    """One error without them, and the server drops the message."""
    error = ErrorRecord("E", "m", "R", "rm", "trace", 1_700_000_000.5)
    assert encoded(an_exchange(errors=(error,)))["errors"] == [
        {
            "when": "2023-11-14T22:13:20.500000Z",
            "error_type": "E",
            "root_error_type": "R",
            "message": "m",
            "root_error_message": "rm",
            "stack_trace": "trace",
        }
    ]


def test_tags_of_the_exchange_join_those_of_the_backend():
    """Both are sent."""
    assert encoded(an_exchange(tags=("slow",)), tags=["eu"])["tags"] == ["eu", "slow"]


@pytest.mark.parametrize(
    ("version", "expected"), [("1.0", (1, 0)), ("2", (2, 0)), ("3.0", (3, 0)), ("HTTP", (1, 1))]
)
def test_the_protocol_version_is_two_numbers(version, expected):
    """HTTP/2 has no minor version; the parser wants one."""
    message = encoded(
        an_exchange(request=Request("GET", "http", "h", "/", protocol_version=version))
    )
    assert (message["proto_major"], message["proto_minor"]) == expected


def test_the_duration_is_whole_nanoseconds():
    """A fraction fails the parser."""
    assert encoded(an_exchange(timings=Timings(1e-9 / 3, 1.0)))["duration"] == 1_000_000_000


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b'{"a": [1, "\\u00e9"]}', "application/json", {"a": [1, "\u00e9"]}),
        (b"[1]", "application/problem+json; charset=utf-8", [1]),
        (b'{"a":', "application/json", '{"a":'),
        (b'{"a": NaN}', "application/json", '{"a": NaN}'),
        (b"[" * 100_000, "application/json", "[" * 100_000),
        (b"1" * 5_000, "application/json", "1" * 5_000),
        (b'"\\ud800"', "application/json", "?"),
        (b"hello", "text/plain", "hello"),
        (b"123", "text/plain", "123"),
        (b"<p>", "text/html", "<p>"),
        (b"caf\xe9", 'text/plain; charset="latin-1"', "caf\u00e9"),
        (b"caf\xc3\xa9", "text/plain; charset=nonsense", "caf\u00e9"),
        (b"caf\xc3\xa9", "text/plain; charset=a\0b", "caf\u00e9"),
        (b"a=1&a=2&b=", "application/x-www-form-urlencoded", {"a": ["1", "2"], "b": ""}),
        (b"\x89PNG\xff", "image/png", "data:image/png;base64,iVBOR/8="),
        (b"", "application/json", None),
    ],
)
def test_every_body_survives_the_servers_decoding(content, content_type, expected):
    """What is not JSON becomes JSON: the server keeps {} of anything else."""
    assert body(content, content_type) == expected


def test_a_body_that_was_cut_off_says_so():
    """Its beginning is kept, a character that was cut in two is not."""
    found = body(b"caf\xc3", "text/plain", truncated=True, size=900)
    assert found == "caf [cut off: 900 bytes in all]"
    assert "unknown" in body(b"caf", "text/plain", truncated=True, size=None)


def test_a_body_that_was_left_out_says_why():
    """In place of the body."""
    assert body(None, omitted="sendfile") == "[not recorded: sendfile]"


def test_a_payload_is_one_message_per_line():
    """In the order in which they came, with their ids."""
    encoder = APIToolkitEncoder()
    fragments = [
        encoder.encode(an_exchange(id=id_, request=Request("GET", "http", "h", "/", body=Body())))
        for id_ in ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")
    ]
    payload = encoder.pack(fragments)
    assert payload.content.split(b"\n") == [fragment.content for fragment in fragments]
    assert payload.ids == tuple(fragment.id for fragment in fragments)
