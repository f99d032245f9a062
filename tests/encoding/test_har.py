"""An exchange as a HAR 1.2 entry, field by field."""

from __future__ import annotations

import base64

import pytest
from har_schema import ENTRY, Draft202012Validator
from hypothesis import given, settings
from strategies import an_exchange, redacted_exchanges

from wsgi_apimetrics.encoding.forms import MAX_PARAMS
from wsgi_apimetrics.encoding.har import entry
from wsgi_apimetrics.exchange import Body, Request, Response, Timings

validator = Draft202012Validator(ENTRY)
PNG = b"\x89PNG\r\n\x1a\n\x00"


def made_of(**changes):
    """Return the entry of a plain exchange with changes, shown to be valid."""
    made = entry(an_exchange(**changes))
    validator.validate(made)
    return made


def received(content, content_type, **body):
    """Return the postData of a request with this body."""
    body = Body(content, **{"size": 1, "wire_size": 1} | body, content_type=content_type)
    request = Request("POST", "http", "h", "/", body=body)
    return made_of(request=request)["request"].get("postData")


def sent(content, content_type="", **body):
    """Return the content of a response with this body."""
    size = len(content) if content is not None else None
    body = Body(content, **{"size": size, "wire_size": size} | body, content_type=content_type)
    return made_of(response=Response(200, "OK", body=body))["response"]["content"]


def test_a_plain_exchange_in_full():
    """Every field of a small JSON call."""
    assert made_of() == {
        "pageref": "https://api.example.com/users?page=2&tag=a&tag=b",
        "startedDateTime": "2023-11-14T22:13:20.123Z",
        "time": 15,
        "timings": {"send": 0, "wait": 12, "receive": 3},
        "request": {
            "method": "POST",
            "url": "https://api.example.com/users?page=2&tag=a&tag=b",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [
                {"name": "Host", "value": "api.example.com"},
                {"name": "Content-Type", "value": "application/json"},
            ],
            "queryString": [
                {"name": "page", "value": "2"},
                {"name": "tag", "value": "a"},
                {"name": "tag", "value": "b"},
            ],
            "headersSize": -1,
            "bodySize": 15,
            "postData": {"mimeType": "application/json", "text": '{"name": "Ada"}'},
        },
        "response": {
            "status": 201,
            "statusText": "Created",
            "httpVersion": "",
            "cookies": [],
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"size": 9, "mimeType": "application/json", "text": '{"id": 1}'},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 9,
        },
        "cache": {},
    }


@given(redacted_exchanges)
@settings(max_examples=60)
def test_any_exchange_makes_a_valid_entry(exchange):
    """Whatever was captured, HAR's schema is kept."""
    validator.validate(entry(exchange))


def test_the_route_is_the_page():
    """Calls of one route meet on one page, under the host of the call."""
    assert made_of(route="/users/<int:id>")["pageref"] == "https://api.example.com/users/<int:id>"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1970-01-01T00:00:00.000Z"), (1_700_000_000.9994, "2023-11-14T22:13:20.999Z")],
)
def test_the_start_is_in_utc_with_milliseconds(seconds, text):
    """ISO 8601 with Z, whatever the machine's time zone."""
    assert made_of(started_at=seconds)["startedDateTime"] == text


@pytest.mark.parametrize(
    ("wait", "receive", "time"), [(0.0004, 0.0004, 1), (0.0006, 0.0006, 1), (1.2, 60, 61200)]
)
def test_the_parts_add_up_to_the_time(wait, receive, time):
    """``time`` is a whole number of milliseconds and the sum of its parts."""
    made = made_of(timings=Timings(wait, receive))
    assert made["time"] == time == sum(made["timings"].values())


def test_repeated_headers_are_kept_in_order():
    """Headers are pairs, not a mapping."""
    headers = (("Set-Cookie", "a=1"), ("X", ""), ("Set-Cookie", "b=2"))
    made = made_of(response=Response(200, "OK", headers))["response"]["headers"]
    assert [(pair["name"], pair["value"]) for pair in made] == list(headers)


def test_a_redirect_names_its_target():
    """``redirectURL`` is the Location header's value."""
    response = Response(302, "Found", (("location", "/next"),))
    assert made_of(response=response)["response"]["redirectURL"] == "/next"


def test_an_aborted_response_says_so():
    """A client that went away is told from one that got all."""
    assert made_of(aborted=True)["response"]["comment"] == "ended before its last byte"


def test_unknown_sizes_are_minus_one():
    """-1 is HAR's word for unknown."""
    body = Body(None, None, None, "text/plain", omitted="sendfile")
    made = made_of(response=Response(200, "OK", body=body))["response"]
    assert (made["bodySize"], made["content"]["size"]) == (-1, -1)


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("a=1&a=2&b", [("a", "1"), ("a", "2"), ("b", "")]),
        ("q=caf%C3%A9+x", [("q", "café x")]),
        ("q=%ff", [("q", "\\xff")]),
        ("a=1;b=2", [("a", "1;b=2")]),
        ("&&", []),
    ],
)
def test_the_query_string_as_pairs(query, pairs):
    """Repeated names, empty values, and bytes that are not UTF-8."""
    made = made_of(request=Request("GET", "http", "h", "/", query))["request"]["queryString"]
    assert [(pair["name"], pair["value"]) for pair in made] == pairs


def test_an_absurd_query_string_is_not_taken_apart():
    """One request cannot cost megabytes: the URL has it all anyway."""
    request = Request("GET", "http", "h", "/", "a&" * MAX_PARAMS)
    assert made_of(request=request)["request"]["queryString"] == []


# -- request bodies -----------------------------------------------------------------------


def test_a_request_without_a_body_has_no_post_data():
    """No body, no ``postData``."""
    assert received(b"", "", size=0, wire_size=0) is None


def test_an_unread_body_is_known_by_its_declared_size():
    """What the app did not read is not there, and the log says so."""
    body = Body(None, None, 4000, "image/png", omitted="unread")
    made = made_of(request=Request("POST", "http", "h", "/", body=body))["request"]
    assert made["bodySize"] == 4000
    assert made["postData"] == {
        "mimeType": "image/png",
        "comment": "left out: unread",
        "_omitted": "unread",
    }


def test_a_urlencoded_form_is_params():
    """Names and values in order, in the charset that the form names."""
    assert received(b"a=1&b=%C3%A9&a=", "application/x-www-form-urlencoded") == {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [
            {"name": "a", "value": "1"},
            {"name": "b", "value": "é"},
            {"name": "a", "value": ""},
        ],
    }
    latin = received(b"b=%E9", "application/x-www-form-urlencoded; charset=iso-8859-1")
    assert latin["params"] == [{"name": "b", "value": "é"}]


@pytest.mark.parametrize("content", [b"\xff\xfe=1", b"&" * MAX_PARAMS, b"&", b"a&" * MAX_PARAMS])
def test_an_odd_form_is_kept_as_it_came(content):
    """What can't be taken apart is text or Base64, whole."""
    made = received(content, "application/x-www-form-urlencoded")
    assert "params" not in made
    kept = made["text"].encode() if "_encoding" not in made else base64.b64decode(made["text"])
    assert kept == content


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="who"\r\n\r\nAda\r\n'
    b'--b\r\nContent-Disposition: form-data; name="pic"; filename="owl bert.png"\r\n'
    b"Content-Type: image/png\r\n\r\n" + PNG + b"\r\n"
    b'--b\r\nContent-Disposition: form-data; name="raw"\r\n\r\n\xff\r\n--b--\r\n'
)
PNG_URL = "data:image/png;name=owl%20bert.png;base64," + base64.b64encode(PNG).decode()


def test_a_multipart_form_is_params_with_data_urls():
    """Files become data URLs with their names; so does a field that is no text."""
    assert received(MULTIPART, "multipart/form-data; boundary=b") == {
        "mimeType": "multipart/form-data; boundary=b",
        "params": [
            {"name": "who", "value": "Ada"},
            {
                "name": "pic",
                "value": PNG_URL,
                "fileName": "owl bert.png",
                "contentType": "image/png",
            },
            {"name": "raw", "value": "data:application/octet-stream;base64,/w=="},
        ],
    }


@pytest.mark.parametrize("cut", range(60, 200, 7))
def test_a_cut_multipart_form_keeps_what_came(cut):
    """A truncated upload still shows its fields and the beginning of its file."""
    made = received(MULTIPART[:cut], "multipart/form-data; boundary=b", truncated=True)
    assert made["params"][0]["name"] == "who"
    assert "Ada".startswith(made["params"][0]["value"].strip())
    assert made["_truncated"] is True


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (MULTIPART[:-6], "multipart/form-data; boundary=b"),
        (MULTIPART, "multipart/form-data"),
        (MULTIPART, "multipart/form-data; boundary=other"),
        (b"--b\r\n\r\nno name\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * (MAX_PARAMS + 1)
            + b"--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_a_broken_multipart_form_is_kept_as_it_came(content, content_type):
    """What can't be taken apart is text or Base64, whole."""
    made = received(content, content_type)
    assert "params" not in made
    kept = made["text"].encode() if "_encoding" not in made else base64.b64decode(made["text"])
    assert kept == content


def test_a_binary_upload_says_that_it_is_base64():
    """HAR's postData has no ``encoding``, so the field is a custom one."""
    assert received(PNG, "image/png") == {
        "mimeType": "image/png",
        "text": base64.b64encode(PNG).decode(),
        "_encoding": "base64",
    }


# -- response bodies ----------------------------------------------------------------------


def test_a_binary_answer_says_that_it_is_base64():
    """``encoding`` is HAR's word for it."""
    assert sent(PNG, "image/png") == {
        "size": len(PNG),
        "mimeType": "image/png",
        "text": base64.b64encode(PNG).decode(),
        "encoding": "base64",
    }


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("é".encode(), "text/plain", "é"),
        ("é".encode("latin-1"), 'text/plain; charset="ISO-8859-1"', "é"),
        ("é€".encode("utf-16"), "text/plain; charset=utf-16", "é€"),
        ("é".encode(), "text/plain; charset=nonsense", "é"),
        (b'"\\ud800\\u0000"', "application/json", '"\\ud800\\u0000"'),
        (b"a\0b", "text/plain", "a\0b"),
        (b"a\0b", "application/vnd.api+json", "a\0b"),
        (b"plain", "application/octet-stream", "plain"),
        (b"", "", ""),
    ],
)
def test_text_is_text_in_its_own_charset(content, content_type, text):
    """Text of any charset of the web, with NULs where the type says text."""
    made = sent(content, content_type)
    assert made["text"] == text
    assert "encoding" not in made


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\xff\xff", "text/plain"),
        (b"a\0b", "application/octet-stream"),
        (b"a\0b", ""),
        (b"\x00", "text/plain; charset=utf-16"),
        (b"x", "text/plain; charset=utf-32"),
    ],
)
def test_what_is_no_text_is_base64(content, content_type):
    """Nothing is replaced by question marks."""
    made = sent(content, content_type)
    assert (base64.b64decode(made["text"]), made["encoding"]) == (content, "base64")


def test_a_cut_text_keeps_its_full_size():
    """``size`` is of the whole body, and no half character is shown."""
    made = sent("aé".encode()[:2], "text/plain", size=5000, wire_size=700, truncated=True)
    assert made == {
        "size": 5000,
        "mimeType": "text/plain",
        "text": "a",
        "comment": "the first 2 bytes",
        "_truncated": True,
    }


def test_a_left_out_body_has_no_text():
    """``text`` is only there if it is available; the reason is."""
    assert sent(None, "video/mp4", size=10**9, omitted="sendfile") == {
        "size": 10**9,
        "mimeType": "video/mp4",
        "comment": "left out: sendfile",
        "_omitted": "sendfile",
    }
