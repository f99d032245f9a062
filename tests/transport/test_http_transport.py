"""HttpTransport against real servers: one request, one answer, whatever happens."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest
import trustme
from servers import Answer, Got, http_server, reset

from wsgi_apimetrics import ConfigurationError, options
from wsgi_apimetrics.payload import Payload, Transport
from wsgi_apimetrics.transport.client import ANSWER_BYTES, HttpClient
from wsgi_apimetrics.transport.http import HttpTransport
from wsgi_apimetrics.transport.policy import HttpPolicy

KEY = "rdme_secretsecret"
PAYLOAD = Payload(b'[{"a": 1}]', "application/json", ids=("1",))


@pytest.fixture
def send():
    """Send ``PAYLOAD`` to a URL by a transport that is closed after the test."""
    opened = []

    def send(url, timeout=5, **policy):
        client = HttpClient(HttpPolicy(**policy), timeout)
        headers = {"Authorization": f"Basic {KEY}", "User-Agent": "test/1"}
        transport: Transport = HttpTransport(client, url, headers)
        opened.append(transport)
        return transport.send(PAYLOAD)

    yield send
    for transport in opened:
        transport.close()


def transport_to(server, timeout=5):
    client = HttpClient(HttpPolicy(), timeout)
    return HttpTransport(client, server.url, {"Authorization": f"Basic {KEY}"})


def test_a_payload_is_posted_as_it_is(send):
    """Method, target, headers and bytes are what was asked for, and 202 is accepted."""
    with http_server() as server:
        outcome = send(f"{server.url}/v1/request?x=1")
        (got,) = server.got
    assert (outcome.status_code, outcome.accepted, outcome.error) == (202, True, "")
    assert (got.method, got.target, got.body) == ("POST", "/v1/request?x=1", PAYLOAD.content)
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Authorization"] == f"Basic {KEY}"
    assert got.headers["User-Agent"] == "test/1"
    assert got.headers["Content-Length"] == str(len(PAYLOAD.content))


def test_one_connection_serves_many_sends():
    """Connections are kept alive."""
    with http_server() as server:
        transport = transport_to(server)
        for _ in range(5):
            assert transport.send(PAYLOAD).accepted
        transport.close()
        assert [got.connection for got in server.got] == [1] * 5


def test_a_connection_survives_errors_and_long_answers():
    """An answer of any status and of any size within the bound leaves the connection usable."""
    answers = [Answer(500, body=b"x" * ANSWER_BYTES), Answer(404, body=b""), Answer()]
    with http_server(*answers) as server:
        transport = transport_to(server)
        statuses = [transport.send(PAYLOAD).status_code for _ in answers]
        transport.close()
        assert statuses == [500, 404, 202]
        assert {got.connection for got in server.got} == {1}


def test_an_endless_answer_is_read_up_to_the_bound_only():
    """Past the bound the connection is closed, and the next send opens a new one."""
    with http_server(Answer(400, body=b"x" * 2 * ANSWER_BYTES), Answer()) as server:
        client = HttpClient(HttpPolicy(), timeout=5)
        answer = client.request("GET", server.url, {})
        assert (answer.status_code, len(answer.content)) == (400, ANSWER_BYTES)
        assert client.request("GET", server.url, {}).status_code == 202
        client.close()
        assert [got.connection for got in server.got] == [1, 2]


def test_a_closed_transport_can_be_closed_again():
    """``close`` may be called more than once, before and after sending."""
    with http_server() as server:
        transport = transport_to(server)
        transport.close()
        assert transport.send(PAYLOAD).accepted
        transport.close()
        transport.close()


def test_a_dropped_connection_is_opened_again():
    """A server that closed an idle connection gets a new one, without an error."""
    with http_server(Answer(headers={"Connection": "close"}), Answer()) as server:
        transport = transport_to(server)
        assert [transport.send(PAYLOAD).accepted for _ in range(2)] == [True, True]
        transport.close()


def test_retry_after_is_handed_on_as_it_came(send):
    """What Retry-After means is ``delivery``'s business."""
    with http_server(Answer(429, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})) as server:
        outcome = send(server.url)
    assert (outcome.status_code, outcome.accepted) == (429, False)
    assert outcome.retry_after == "Fri, 31 Dec 1999 23:59:59 GMT"


def test_what_a_backend_objects_is_told_in_one_short_line(send):
    """Line ends, control characters and length of a backend's text do no harm to a log."""
    with http_server(Answer(400, body=b"no\r\n\x1b[31msuch\xff " + b"y" * 5000)) as server:
        outcome = send(server.url)
    assert outcome.error.startswith("no [31msuch\ufffd yyy")
    assert outcome.error.isprintable()
    assert len(outcome.error) <= 200


def test_a_key_that_a_backend_echoes_is_not_told(send):
    """Neither the header's value nor the key in it shows in an outcome."""

    def echo(got: Got) -> Answer:
        return Answer(401, body=f"bad: {got.headers['Authorization']}, {KEY}".encode())

    with http_server(echo) as server:
        outcome = send(server.url)
    assert outcome.error == "bad: ***, ***"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_outcome_and_is_not_followed(send, status):
    """Neither key nor payload goes to a host that nobody named."""
    with http_server() as other:
        answer = Answer(status, {"Location": f"{other.url}/steal?token=1"})
        with http_server(answer, answer) as server:
            outcome = send(server.url)
            assert len(server.got) == 1
        assert other.got == []
    assert (outcome.status_code, outcome.accepted) == (status, False)
    assert outcome.error == "a redirect to 127.0.0.1 was not followed"


def test_nobody_listens(send):
    """A refused connection is an outcome; nothing can have arrived."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = send(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert outcome.status_code is None
    assert "ConnectionRefusedError" in outcome.error
    assert not outcome.uncertain


def test_a_host_that_does_not_exist(send):
    """A name that does not resolve is an outcome."""
    outcome = send("http://nobody.invalid/")
    assert (outcome.status_code, outcome.uncertain) == (None, False)
    assert outcome.error


@pytest.mark.parametrize("url", ["http://[::1", "http://a..b/", "ftp://127.0.0.1/"])
def test_a_url_that_is_none(send, url):
    """Whatever was configured, sending never raises."""
    outcome = send(url)
    assert (outcome.status_code, outcome.uncertain) == (None, False)
    assert outcome.error


def test_a_server_that_hangs(send):
    """No answer within the timeout: the payload may have arrived."""
    with http_server(Answer(act=lambda handler: server.stopping.wait(10))) as server:
        began = time.monotonic()
        outcome = send(server.url, timeout=0.2)
        took = time.monotonic() - began
        assert len(server.got) == 1
        server.stopping.set()
    assert outcome.error == "no answer within 0.2 s"
    assert outcome.uncertain
    assert took < 2


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 202 Accepted\r\n", b"HTTP/1.1 202 Accepted\r\n\r\n"]
)
def test_an_answer_that_drips_ends_in_time(send, beginning):
    """A byte now and then does not stretch the timeout, in the headers nor in the body."""

    def drip(handler) -> None:
        handler.wfile.write(beginning)
        while not server.stopping.wait(0.05):
            handler.wfile.write(b"x")

    with http_server(Answer(act=drip)) as server:
        began = time.monotonic()
        outcome = send(server.url, timeout=0.4)
        took = time.monotonic() - began
        server.stopping.set()
    assert took < 2
    assert outcome.accepted == beginning.endswith(b"\r\n\r\n")
    assert outcome.uncertain != outcome.accepted


def test_a_connection_that_ends_without_an_answer(send):
    """The payload may have arrived when the connection ends after it was sent."""
    with http_server(Answer(act=reset)) as server:
        outcome = send(server.url)
    assert (outcome.status_code, outcome.uncertain) == (None, True)
    assert "RemoteDisconnected" in outcome.error


def test_a_connection_that_is_reset(send):
    """A reset after sending is uncertain too."""

    def slam(handler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    with http_server(Answer(act=slam)) as server:
        outcome = send(server.url)
    assert (outcome.status_code, outcome.uncertain) == (None, True)


def test_an_answer_that_is_no_http(send):
    """Noise in place of an answer is an outcome."""
    with http_server(Answer(act=lambda handler: handler.wfile.write(b"220 ftp\r\n\r\n"))) as server:
        outcome = send(server.url, timeout=1)
    assert (outcome.status_code, outcome.uncertain) == (None, True)
    assert outcome.error


def test_an_accepting_answer_with_a_cut_body_is_accepted(send):
    """The status has come, and that is what counts."""
    cut = b"HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\nOK"

    def half(handler) -> None:
        handler.wfile.write(cut)
        handler.close_connection = True

    with http_server(Answer(act=half)) as server:
        assert send(server.url).accepted


@pytest.mark.parametrize(
    "cut", [b"HTTP/1.1 202 Acc", b"HTTP/1.1 202 Accepted\r\n", b"HTTP/1.1 202 OK\r\nContent-Le"]
)
def test_an_answer_that_is_cut_in_its_head_is_none(send, cut):
    """An incomplete head (RFC 9112, section 8) accepts nothing: the payload is sent again."""

    def half(handler) -> None:
        handler.wfile.write(cut)
        handler.close_connection = True

    with http_server(Answer(act=half)) as server:
        outcome = send(server.url)
    assert (outcome.status_code, outcome.uncertain) == (None, True)


def test_many_threads_share_a_transport():
    """In synchronous mode each request's thread sends for itself."""
    with http_server() as server:
        transport = transport_to(server)
        outcomes = []
        threads = [
            threading.Thread(target=lambda: outcomes.append(transport.send(PAYLOAD)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
        assert [outcome.status_code for outcome in outcomes] == [202] * 8


# -- proxies ------------------------------------------------------------------------------


def test_a_proxy_is_used_with_its_password(send):
    """The request goes to the proxy, which gets the credentials of the proxy's URL."""
    with http_server() as proxy:
        url = proxy.url.replace("//", "//me:p%40ss@")
        outcome = send("http://backend.invalid/v1/request", proxy=url)
        (got,) = proxy.got
    assert outcome.accepted
    assert got.target == "http://backend.invalid/v1/request"
    assert got.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_the_environment_names_a_proxy(send, monkeypatch):
    """HTTP_PROXY is honoured as by other HTTP clients, NO_PROXY too."""
    with http_server() as proxy, http_server() as server:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert send("http://backend.invalid/").accepted
        assert send(server.url).accepted
        assert (len(proxy.got), len(server.got)) == (1, 1)


def test_a_proxy_that_is_down(send):
    """Nothing was sent, and the proxy's password is not told."""
    outcome = send("http://backend.invalid/", proxy="http://me:hidden@127.0.0.1:1")
    assert (outcome.status_code, outcome.uncertain) == (None, False)
    assert "hidden" not in outcome.error


# -- certificates -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of our own: its bundle, a server's certificate and key."""
    room = tmp_path_factory.mktemp("authority")
    ca = trustme.CA()
    leaf = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(str(room / "ca.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(room / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(room / "key.pem"))
    return room


def test_a_ca_bundle_is_trusted(send, authority):
    """A backend whose certificate the given authority signed is spoken to."""
    pair = (str(authority / "cert.pem"), str(authority / "key.pem"))
    with http_server(tls=pair) as server:
        outcome = send(server.url, ca_bundle=str(authority / "ca.pem"))
    assert outcome.accepted


def test_an_unknown_certificate_is_refused(send, authority):
    """Without the bundle the connection fails, and the key has not left."""
    pair = (str(authority / "cert.pem"), str(authority / "key.pem"))
    with http_server(tls=pair) as server:
        outcome = send(server.url)
        assert server.got == []
    assert (outcome.status_code, outcome.uncertain) == (None, False)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.error


def tunnel(handler) -> None:
    """Answer CONNECT as a proxy does: pass bytes on until either side ends."""
    host, _, port = handler.path.rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        handler.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ways = {handler.connection: upstream, upstream: handler.connection}
        while True:
            for source in select.select(list(ways), [], [], 5)[0]:
                piece = source.recv(65536)
                if not piece:
                    handler.close_connection = True
                    return
                ways[source].sendall(piece)


def test_tls_goes_through_a_proxy(authority):
    """By CONNECT: the proxy sees neither key nor payload, and the tunnel is kept alive."""
    pair = (str(authority / "cert.pem"), str(authority / "key.pem"))
    with http_server(Answer(act=tunnel)) as proxy, http_server(tls=pair) as server:
        policy = HttpPolicy(
            proxy=proxy.url.replace("//", "//me:pass@"), ca_bundle=str(authority / "ca.pem")
        )
        client = HttpClient(policy, timeout=5)
        transport = HttpTransport(client, server.url, {"Authorization": f"Basic {KEY}"})
        assert [transport.send(PAYLOAD).accepted for _ in range(2)] == [True, True]
        transport.close()
        (connect,) = proxy.got
        assert (connect.method, connect.target) == ("CONNECT", f"127.0.0.1:{server.port}")
        assert KEY not in str(connect.headers)
        assert [got.connection for got in server.got] == [1, 1]


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_bundle_that_breaks_later_is_an_outcome(send, authority, tmp_path, content):
    """A bundle that is gone or damaged when it is needed does not raise."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    pair = (str(authority / "cert.pem"), str(authority / "key.pem"))
    with http_server(tls=pair) as server:
        outcome = send(server.url, ca_bundle=str(bundle))
    assert outcome.status_code is None
    assert outcome.error


# -- options ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"proxy": "proxy:3128"}, "proxy must be an http or https URL, or None, not (not shown)"),
        ({"proxy": "http://"}, "proxy must be"),
        ({"proxy": 5}, "proxy must be"),
        ({"proxy": "http://h:port"}, "proxy must be"),
        ({"proxy": "http://h/\nx"}, "proxy must be"),
        ({"ca_bundle": "/nowhere/ca.pem"}, "there is no such file"),
        ({"ca_bundle": 5}, "ca_bundle must be the path of a file"),
        ({"ca_bundle": b"/etc"}, "ca_bundle must be the path of a file"),
    ],
)
def test_a_wrong_option_is_told_when_it_is_read(given, text):
    """A proxy that is no URL, or a bundle that is no file, is a configuration error."""
    with pytest.raises(ConfigurationError) as caught:
        options.read(given, options.kinds(HttpPolicy), "X")
    assert text in str(caught.value)


def test_right_options_are_kept(authority):
    """A proxy with a password and a path object are accepted."""
    bundle = authority / "ca.pem"
    given = {"proxy": "http://me:pw@h:3128", "ca_bundle": bundle}
    read = options.read(given, options.kinds(HttpPolicy), "X")
    assert read == {"proxy": "http://me:pw@h:3128", "ca_bundle": str(bundle)}


def test_urllib3_is_not_imported_before_it_is_needed():
    """Importing the transport does not import urllib3: import time is the user's."""
    code = "import sys, wsgi_apimetrics.transport.http as _; sys.exit('urllib3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_endless_row_of_interim_answers_ends_in_time(send):
    """``100 Continue`` over and over, as fast as it can be read: each alone is in time."""

    def act(handler) -> None:
        with contextlib.suppress(OSError):
            while not server.stopping.is_set():
                handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    with http_server(Answer(act=act)) as server:
        outcome = send(server.url, timeout=0.3)
        server.stopping.set()
    assert (outcome.accepted, outcome.uncertain) == (False, True)
    assert outcome.error == "no answer within 0.3 s"
