"""A raw record becomes an exchange, whatever is in it."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest

from wsgi_apimetrics.capture.assemble import _WireNames, assemble
from wsgi_apimetrics.capture.body import BodyRecorder, InputRecorder
from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.capture.record import RawExchange
from wsgi_apimetrics.exchange import Group
from wsgi_apimetrics.stats import DropReason

DEFAULTS = CapturePolicy()
ENVIRON = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/a",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
}


def recorded(
    environ=(),
    status="200 OK",
    headers=(),
    sent=b"",
    received=b"",
    policy=DEFAULTS,
    **attributes,
):
    """Return the exchange of a record with these things in it."""
    raw = RawExchange({**ENVIRON, **dict(environ)}, 0, policy)
    raw.received = InputRecorder(policy.max_body_bytes)
    raw.received.add_read(received)
    raw.sent = BodyRecorder(policy.max_body_bytes)
    raw.sent.add(sent)
    raw.status = status
    raw.take_headers(list(headers))
    raw.ended = raw.started + 1.0
    for name, value in attributes.items():
        setattr(raw, name, value)
    return assemble(raw)


def test_nothing_that_pep_3333_leaves_optional_is_needed():
    """No Host, no REMOTE_ADDR, no type, no path, no protocol: an exchange all the same."""
    raw = RawExchange({"REQUEST_METHOD": "GET"}, 0, CapturePolicy())
    exchange = assemble(raw)
    assert exchange.request.method == "GET"
    assert exchange.request.path == "/"
    assert exchange.request.peer_address == ""
    assert exchange.request.server_port is None


def test_the_url_is_the_one_that_the_client_used():
    """SCRIPT_NAME + PATH_INFO + QUERY_STRING, percent-encoded anew, default port left out."""
    path = "/caf\u00e9 /ü".encode().decode("latin-1")
    exchange = recorded({"SCRIPT_NAME": "/api", "PATH_INFO": path, "QUERY_STRING": "q=a%20b&q=1"})
    assert exchange.request.url == "http://localhost/api/caf%C3%A9%20/%C3%BC?q=a%20b&q=1"


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({"HTTP_HOST": "example.com:8080"}, "example.com:8080"),
        ({"SERVER_PORT": "8080"}, "localhost:8080"),
        ({"SERVER_PORT": "443", "wsgi.url_scheme": "https"}, "localhost"),
        ({"SERVER_PORT": "443"}, "localhost:443"),
        ({"SERVER_PORT": "80", "wsgi.url_scheme": "https"}, "localhost:80"),
        ({"SERVER_PORT": ""}, "localhost"),
        ({"SERVER_NAME": "::1", "SERVER_PORT": "8080"}, "[::1]:8080"),
        ({"HTTP_X_FORWARDED_HOST": "evil.example"}, "localhost"),
    ],
)
def test_the_host_is_the_client_s_word_else_the_server_s(environ, host):
    """Host, else SERVER_NAME and a port that is not the scheme's own; nobody's X-Forwarded."""
    assert recorded(environ).request.host == host


def test_a_trusted_proxy_is_believed_as_far_as_it_is_trusted():
    """With one proxy the last value of each X-Forwarded header counts, as in ProxyFix."""
    exchange = recorded(
        {
            "REMOTE_ADDR": "10.0.0.1",
            "HTTP_HOST": "inner:8000",
            "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_X_FORWARDED_HOST": "api.example.com",
            "HTTP_X_FORWARDED_PORT": "8443",
            "HTTP_X_FORWARDED_PREFIX": "/v1/",
        },
        policy=CapturePolicy(trusted_proxies=1),
    )
    assert exchange.request.url == "https://api.example.com:8443/v1/a"
    assert exchange.request.client_address == "203.0.113.9"
    assert exchange.request.peer_address == "10.0.0.1"


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("api.example.com:8000", "443", "api.example.com"),
        ("api.example.com:8000", "80", "api.example.com:80"),
        ("[::1]", "8443", "[::1]:8443"),
        ("[::1]:8000", "8443", "[::1]:8443"),
        ("api.example.com:8000", "", "api.example.com:8000"),
    ],
)
def test_a_trusted_proxy_s_port_takes_the_place_of_the_host_s(host, port, expected):
    """Unless it is the scheme's own: then none is needed."""
    environ = {
        "HTTP_HOST": host,
        "HTTP_X_FORWARDED_PORT": port,
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    exchange = recorded(environ, policy=CapturePolicy(trusted_proxies=1))
    assert exchange.request.url == f"https://{expected}/a"


def test_fewer_values_than_trusted_proxies_are_not_believed():
    """A header that not all trusted proxies added to was written by somebody else."""
    exchange = recorded(
        {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6"},
        policy=CapturePolicy(trusted_proxies=2),
    )
    assert exchange.request.client_address == "10.0.0.1"


def test_headers_are_named_as_on_the_wire_and_read_as_utf_8_if_they_are():
    """WSGI's texts are bytes read as latin-1; a value that is not UTF-8 stays so."""
    exchange = recorded(
        {
            "CONTENT_TYPE": "text/plain",
            "HTTP_X_API_KEY": "k",
            "HTTP_X_NAME": "Zoë".encode().decode("latin-1"),
            "HTTP_X_OTHER": "\xff\xfe",
        }
    )
    assert exchange.request.headers == (
        ("Content-Type", "text/plain"),
        ("X-Api-Key", "k"),
        ("X-Name", "Zoë"),
        ("X-Other", "\xff\xfe"),
    )


@pytest.mark.parametrize("declared", ["", "abc", "-5", "1e3", "٣"])
def test_an_absurd_content_length_is_unknown(declared):
    """What is no number by RFC 9110, section 8.6, says nothing about the body."""
    body = recorded({"CONTENT_LENGTH": declared}, received=b"abc").request.body
    assert (body.content, body.size, body.truncated) == (b"abc", 3, False)


def test_an_unread_body_is_recorded_with_its_declared_size():
    """What the app did not read is not known, but how much of it there was."""
    body = recorded({"CONTENT_LENGTH": "10"}).request.body
    assert (body.content, body.wire_size, body.omitted) == (None, 10, "unread")


def test_a_partly_read_body_is_truncated():
    """The read part is kept, the declared size is the size."""
    body = recorded({"CONTENT_LENGTH": "10"}, received=b"abc").request.body
    assert (body.content, body.size, body.truncated) == (b"abc", 10, True)


def test_a_chunked_body_that_was_never_read_is_unread():
    """Without a length, only whether the app read at all tells an empty body from an unread."""
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    untouched = InputRecorder(10)
    assert recorded(chunked, received=b"").request.body.omitted is None
    raw = RawExchange({**ENVIRON, **chunked}, 0, CapturePolicy())
    raw.received = untouched
    assert assemble(raw).request.body.omitted == "unread"


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        ("200 OK", 200, "OK"),
        ("404", 404, ""),
        ("999 Wild Card", 999, "Wild Card"),
        ("", 500, "Internal Server Error"),
        (None, 500, "Internal Server Error"),
        ("two hundred", 500, "hundred"),
    ],
)
def test_any_status_line_gives_a_status(status, code, text):
    """A status line without a number counts as the error that a server makes of it."""
    response = recorded(status=status).response
    assert (response.status_code, response.status_text) == (code, text)


def test_an_app_that_raised_before_any_byte_gave_a_500():
    """What the app had promised does not matter: the server answers with an error."""
    assert recorded(raised=True).response.status_code == 500
    assert recorded(raised=True, sent=b"x").response.status_code == 200


@pytest.mark.parametrize(
    ("environ", "status"),
    [({"REQUEST_METHOD": "HEAD"}, "200 OK"), ({}, "204 No Content"), ({}, "304 Not Modified")],
)
def test_where_http_allows_no_body_none_is_recorded(environ, status):
    """RFC 9110, section 6.4.1: whatever the app yields, the client gets no content."""
    body = recorded(environ, status, sent=b"not for the wire").response.body
    assert (body.content, body.size) == (b"", 0)


def test_a_404_has_no_route():
    """A catch-all that answered 404 matched nothing that anybody wants to see in a table."""
    assert recorded(status="404 Not Found", route="/<path:any>").route is None
    assert recorded(route="/a").route == "/a"


@pytest.mark.parametrize(
    ("coding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_coded_body_is_decoded_for_the_record(coding, encode):
    """The content is plain, its size the plain size, and the wire size what passed."""
    coded = encode(b"hello" * 100)
    body = recorded(headers=[("Content-Encoding", coding)], sent=coded).response.body
    assert (body.content, body.size, body.wire_size) == (b"hello" * 100, 500, len(coded))
    assert body.content_encoding == ""


def test_several_codings_are_taken_off_in_order():
    """RFC 9110, section 8.4: the codings are listed in the order they were applied."""
    coded = gzip.compress(zlib.compress(b"hello"))
    body = recorded(headers=[("content-encoding", "deflate, gzip")], sent=coded).response.body
    assert body.content == b"hello"


@pytest.mark.parametrize(
    ("coding", "sent"), [("gzip", b"not gzip at all"), ("rot13", b"uryyb"), ("gzip, rot13", b"x")]
)
def test_what_cannot_be_decoded_stays_as_it_is_and_says_so(coding, sent):
    """An unknown coding or damaged bytes: the coded bytes, named as such, of unknown size."""
    body = recorded(headers=[("Content-Encoding", coding)], sent=sent).response.body
    assert (body.content, body.size, body.content_encoding) == (sent, None, coding)


def test_a_bomb_costs_no_more_than_the_bound():
    """Ten megabytes of zeros in ten kilobytes: the cap is kept, the rest is not counted."""
    policy = CapturePolicy(max_body_bytes=10_000)
    coded = gzip.compress(b"\0" * 10_000_000, 9)[:10_000]
    body = recorded(headers=[("Content-Encoding", "gzip")], sent=coded, policy=policy).response.body
    assert (len(body.content), body.size, body.truncated) == (10_000, None, True)


def test_a_coded_body_cut_by_the_cap_is_decoded_as_far_as_it_goes():
    """The beginning of a coded body gives the beginning of the plain one."""
    plain = bytes(range(256)) * 400
    coded = gzip.compress(plain, 1)
    policy = CapturePolicy(max_body_bytes=len(coded) - 50)
    body = recorded(headers=[("Content-Encoding", "gzip")], sent=coded, policy=policy).response.body
    assert body.truncated
    assert body.size is None
    assert body.content
    assert plain.startswith(body.content)


def test_the_durations_add_up():
    """Until the response began, from there to its last byte, and both."""
    raw = RawExchange(ENVIRON, 0, CapturePolicy())
    raw.began, raw.ended = raw.started + 0.25, raw.started + 1.0
    timings = assemble(raw).timings
    assert timings.wait == pytest.approx(0.25)
    assert timings.receive == pytest.approx(0.75)
    assert timings.total == pytest.approx(1.0)


@pytest.mark.parametrize("params", [None, (), ("a", "b"), 3, "id"])
def test_parameters_that_are_no_mapping_cost_no_exchange(params):
    """An app may put anything under the public key."""
    assert recorded(path_params=params).path_params == {}
    assert recorded(path_params={"id": 1}).path_params == {"id": 1}


@pytest.mark.parametrize(
    ("headers", "sent", "size"),
    [
        ([], b"", None),
        ([], b"abc", 3),
        ([("Content-LENGTH", "10")], b"", 10),
        ([("X-First", "1"), ("Content-Length", "10")], b"abc", 10),
        ([("Content-Length", "abc")], b"abc", 3),
        ([("Content-Length", "0")], b"", 0),
    ],
)
def test_a_response_that_is_left_out_has_the_size_that_is_known(headers, sent, size):
    """What the app declared, else what passed; what a server sent by itself passed nowhere."""
    headers = [*headers, ("Content-Type", "video/mp4")]
    body = recorded(headers=headers, sent=sent, sent_omitted="sendfile").response.body
    assert (body.content, body.size, body.wire_size) == (None, size, size)
    assert (body.omitted, body.content_type) == ("sendfile", "video/mp4")


def test_a_response_without_a_recorder_is_left_out():
    """Nothing is known of it; that it is empty would be a guess."""
    raw = RawExchange(ENVIRON, 0, DEFAULTS)
    raw.status = "200 OK"
    left_out = assemble(raw).response.body
    assert (left_out.content, left_out.size, left_out.omitted) == (None, None, "policy")


def test_a_policy_that_keeps_no_bodies_counts_them():
    """An empty body is known to be empty all the same."""
    policy = CapturePolicy(capture_response_body=False)
    body = recorded(sent=b"abc", policy=policy).response.body
    assert (body.content, body.size, body.wire_size, body.omitted) == (None, 3, 3, "policy")
    body = recorded(policy=policy).response.body
    assert (body.content, body.size, body.omitted) == (b"", 0, None)


def test_a_coded_body_that_was_partly_read_has_no_size():
    """The declared length is the coded body's; of the plain one only the beginning is known."""
    plain = bytes(range(256)) * 40
    coded = gzip.compress(plain)
    environ = {"CONTENT_LENGTH": str(len(coded)), "HTTP_CONTENT_ENCODING": " GZIP "}
    body = recorded(environ, received=coded[:-20]).request.body
    assert body.content
    assert plain.startswith(body.content)
    assert (body.size, body.wire_size, body.truncated) == (None, len(coded), True)


def test_a_cap_may_be_filled_to_its_last_byte():
    """A plain body of just that size is whole; with one byte more it is not."""
    policy = CapturePolicy(max_body_bytes=100)
    for length, truncated in ((100, False), (101, True)):
        coded = gzip.compress(b"a" * length)
        exchange = recorded(
            headers=[("Content-Encoding", "gzip")], sent=coded, received=b"b" * length,
            policy=policy,
        )  # fmt: skip
        body = exchange.response.body
        assert (body.content, body.truncated) == (b"a" * 100, truncated)
        assert exchange.request.body.truncated is truncated
        assert exchange.request.body.size == length


def test_an_exchange_that_never_began_waited_to_its_end():
    """A response without a start took all of its time to answer."""
    raw = RawExchange(ENVIRON, 0, DEFAULTS)
    raw.ended = raw.started + 1.0
    timings = assemble(raw).timings
    assert (timings.wait, timings.receive) == (pytest.approx(1.0), pytest.approx(0.0))


def test_an_empty_header_is_one_and_an_empty_variable_is_none():
    """Servers set CONTENT_TYPE to nothing where the client said nothing (PEP 3333)."""
    headers = recorded({"CONTENT_TYPE": "", "CONTENT_LENGTH": "", "HTTP_X": ""}).request.headers
    assert headers == (("X", ""),)


def test_headers_of_a_response_are_read_as_utf_8_if_they_are():
    """As those of the request are."""
    wire = "Zoë".encode().decode("latin-1")
    headers = recorded(headers=[("X-Name", wire), ("X-Other", "\xff"), ("A", "b")]).response.headers
    assert headers == (("X-Name", "Zoë"), ("X-Other", "\xff"), ("A", "b"))


def test_a_coded_body_of_which_more_was_declared_is_decoded_as_far_as_it_goes():
    """Damage behind that does not matter: it is a beginning."""
    plain = random.Random(1).randbytes(40_000)
    damaged = gzip.compress(plain)[:-8] + bytes(8)
    environ = {"CONTENT_LENGTH": str(len(damaged) + 9), "HTTP_CONTENT_ENCODING": "gzip"}
    body = recorded(environ, received=damaged).request.body
    assert body.content
    assert plain.startswith(body.content)
    assert (body.size, body.truncated) == (None, True)
    environ["CONTENT_LENGTH"] = str(len(damaged))
    body = recorded(environ, received=damaged).request.body
    assert (body.content, body.size, body.content_encoding) == (damaged, None, "gzip")


@pytest.mark.parametrize(
    ("declared", "received", "expected"),
    [
        ("3", b"abc", (b"abc", 3, 3, False, None)),
        ("2", b"abc", (b"abc", 3, 3, False, None)),
        ("4", b"abc", (b"abc", 4, 4, True, None)),
        ("4", b"", (None, 4, 4, False, "unread")),
        ("0", b"", (b"", 0, 0, False, None)),
        ("", b"", (b"", 0, 0, False, None)),
    ],
)
def test_a_request_body_is_what_was_read_of_what_was_declared(declared, received, expected):
    """A server may let an app read more than that."""
    body = recorded({"CONTENT_LENGTH": declared}, received=received).request.body
    assert (body.content, body.size, body.wire_size, body.truncated, body.omitted) == expected


def test_a_request_body_that_is_not_recorded_has_its_declared_size():
    """And its type."""
    environ = {"CONTENT_LENGTH": "10", "CONTENT_TYPE": "text/plain"}
    raw = RawExchange({**ENVIRON, **environ}, 0, DEFAULTS)
    body = assemble(raw).request.body
    assert (body.content, body.size, body.wire_size) == (None, 10, 10)
    assert (body.omitted, body.content_type) == ("policy", "text/plain")


@pytest.mark.parametrize(
    ("protocol", "version"), [("HTTP/1.0", "1.0"), ("HTTP/2", "2"), ("HTTP", "1.1"), ("", "1.1")]
)
def test_a_protocol_is_its_version(protocol, version):
    """1.1 where nothing is said."""
    assert recorded({"SERVER_PROTOCOL": protocol}).request.protocol_version == version


@pytest.mark.parametrize("coding", ["identity", " Identity ", "", " "])
def test_a_body_without_a_coding_is_as_it_is(coding):
    """Whatever the header is called, it says nothing of bytes."""
    body = recorded(headers=[("Content-Encoding", coding)], sent=b"abc").response.body
    assert (body.content, body.size, body.wire_size, body.content_encoding) == (b"abc", 3, 3, "")


def test_names_of_headers_are_remembered_up_to_a_bound():
    """A client that makes up ever new ones fills no memory."""
    names = _WireNames()
    for _ in range(2):
        assert [names[f"HTTP_X_{number}"] for number in range(1100)] == [
            f"X-{number}" for number in range(1100)
        ]
    assert len(names) == 1024
    assert [names[name] for name in ("CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_", "X_OWN")] == [
        "Content-Type", "Content-Length", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "group"),
    [((), None), ((None,), None), ((DropReason.NO_GROUP,), None), ((Group("a"), Group("b")), "a")],
)
def test_the_first_grouping_function_s_answer_is_the_exchange_s(groups, group):
    """Each backend puts its own in its place."""
    found = recorded(groups=groups).group
    assert (found and found.id) == group
