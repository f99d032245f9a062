"""``wsgi-apimetrics inspect`` as a user runs it; and ``as curl`` in a real shell."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from waiting import until

from wsgi_apimetrics.inspector.curl import command

from .samples import CORPUS, body, exchange

INSPECT = [sys.executable, "-m", "wsgi_apimetrics", "inspect", "--store"]


def failed(*arguments):
    """Return what a run says that ends at once."""
    done = subprocess.run(
        [*INSPECT, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@contextlib.contextmanager
def running(*arguments, **environment):
    """Run ``inspect``, give its lines as it prints them, and end it as a user does."""
    with subprocess.Popen(
        [*INSPECT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as program:
        watchdog = threading.Timer(300, program.kill)
        watchdog.start()
        try:
            yield program
            program.send_signal(signal.SIGINT)
            out, said = program.communicate()
            assert (program.returncode, out, said) == (0, "\n", "")
        finally:
            watchdog.cancel()
            program.kill()


def printed(program):
    """Return the lines up to the last that is printed at the start."""
    lines = []
    while not lines or not lines[-1].startswith("Ctrl-C"):
        lines.append(program.stdout.readline())
        assert lines[-1], program.stderr.read()
    return [line.strip() for line in lines if line.strip()]


def test_a_port_that_is_taken_is_said_plainly(tmp_path):
    """One line, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "--port 0" in failed(tmp_path / "x.sqlite", "--port", port)


def test_an_address_of_another_machine_is_said_plainly(tmp_path):
    """The address, and the system's reason."""
    said = failed(tmp_path / "x.sqlite", "--host", "192.0.2.1")
    assert said.startswith("Error: inspect: can't listen on 192.0.2.1, port 0: ")
    assert "--port" not in said
    assert "while" not in said


def test_what_it_cannot_show_is_refused_at_once(tmp_path):
    """A file that is no store, or another program's; it stays as it was."""
    path = tmp_path / "notes.txt"
    path.write_text("no store")
    assert "is not a store of wsgi-apimetrics" in failed(path)
    assert path.read_text() == "no store"
    other = tmp_path / "other.sqlite"
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE notes (text)")
        database.commit()
    before = other.read_bytes()
    assert "belongs to another program" in failed(other)
    assert other.read_bytes() == before


def test_without_the_extra_it_names_the_extra(tmp_path):
    """No traceback for a missing Jinja."""
    source = (
        "import sys; sys.modules['jinja2'] = None; sys.argv = ['x', 'inspect'];"
        "from wsgi_apimetrics.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Error: the inspector needs an extra: pip install 'wsgi-apimetrics[inspector]'\n"
    )


@pytest.mark.parametrize("text", [*CORPUS, "$(touch pwned)`touch pwned`;'\"\\ !x", "a\nb\tc", "@x"])
def test_curl_passes_a_shell_unchanged(text, tmp_path):
    """Whatever a stranger wrote is one word of the command, byte for byte."""
    text = text.replace("\0", "")  # no argument of a program can hold it
    one = exchange(
        "/x", method="PUT", at=0.0, sent=body(text.encode()), headers=(("X-Text", text),)
    )
    script = "curl() { printf '%s\\0' \"$@\"; }\n" + command(one)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, cwd=tmp_path)
    words = done.stdout.decode().split("\0")[:-1]
    assert words[words.index("--header") + 1] == f"X-Text: {text}"
    assert words[words.index("--data-raw") + 1] == text
    assert words[words.index("--request") + 1] == "PUT"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("method", "sent", "headers", "words"),
    [
        ("GET", b"", (), ["curl --globoff --path-as-is https://api.example.com/x"]),
        ("HEAD", b"", (), ["--head"]),
        ("POST", b"a", (), ["--data-raw a"]),
        ("POST", b"", (), ["--request POST"]),
        ("PUT", b"\xff", (), ["--request PUT", "--data-binary @body.bin"]),
        ("GET", b"", (("X-Empty", ""), ("X-A", "b c")), ["X-Empty;", "'X-A: b c'"]),
    ],
)
def test_curl_says_no_more_than_it_must(method, sent, headers, words):
    """What curl would send of itself is left to it."""
    own = (("Host", "x"), ("content-length", "1"), ("Connection", "close"))
    found = command(
        exchange("/x", method=method, at=0.0, sent=body(sent), headers=(*own, *headers))
    )
    assert all(word in found for word in words), found
    assert found.count("--header") == len(headers)
    assert found.count("--request") == any("--request" in word for word in words)


def entered(address):
    """Open an address as a browser does, with cookies, and return what it leads to."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(address, timeout=10) as answer:
        return answer.url, answer.read().decode()


def test_the_printed_address_lets_in(fill):
    """The first address that is printed opens the page, and is rid of its token."""
    path = fill(exchange("/seen", at=time.time()))
    with running(path) as program:
        address = next(line for line in printed(program) if line.startswith("http://"))
        url, text = entered(address)
        assert "token" not in url
        assert "/seen" in text


def test_ctrl_c_ends_it_though_a_page_is_followed(fill):
    """An open stream is nothing to wait for."""
    path = fill(exchange("/seen", at=time.time()))
    with running(path) as program:
        address = next(line for line in printed(program) if line.startswith("http://"))
        parts = urllib.parse.urlsplit(address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", f"/?{parts.query}")
        cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
        connection.close()
        connection.request("GET", "/exchanges/stream?seq=0", headers={"Cookie": cookie})
        stream = connection.getresponse()
        assert stream.readline().startswith(b"retry:")
    stream.close()
    connection.close()


def test_what_it_takes_is_printed_and_a_browser_opened(fill, tmp_path):
    """``--ingest`` gives the addresses for SDKs; ``--open`` opens the one with the token."""
    seen = tmp_path / "seen"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    script.chmod(0o700)
    path = fill(exchange("/seen", at=time.time()))
    with running(path, "--ingest", "--open", BROWSER=str(script)) as program:
        lines = printed(program)
        address = next(line for line in lines if line.startswith("http://"))
        origin = address.partition("/?")[0]
        assert f"README_METRICS_SERVER={origin}" in lines
        assert f"OTEL_EXPORTER_OTLP_ENDPOINT={origin}" in lines
        ingested = next(line for line in lines if f"{origin}/ingested/?token=" in line)
        assert "Point an SDK at this address" in refused(ingested)
        until(seen.exists)
    assert seen.read_text().strip() == address
    assert "exchanges.ingested.sqlite" in "".join(lines)


def refused(address):
    """Return the page of an answer that is none of success."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        entered(address)
    with caught.value as answer:
        return answer.read().decode()


def test_it_listens_on_ipv6_too(fill):
    """An address with colons stands in brackets, and is answered to."""
    if not socket.has_ipv6:
        pytest.skip("there is no IPv6 here")
    with running(fill(exchange("/seen", at=time.time())), "--host", "::1") as program:
        address = next(line for line in printed(program) if line.startswith("http://"))
        assert address.startswith("http://[::1]:")
        assert "/seen" in entered(address)[1]
