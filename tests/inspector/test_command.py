"""``wsgi-apimetrics inspect`` as a user runs it; and ``as curl`` in a real shell."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from wsgi_apimetrics.inspector.curl import command

from .samples import CORPUS, body, exchange

INSPECT = [sys.executable, "-m", "wsgi_apimetrics", "inspect", "--store"]


def test_a_port_that_is_taken_is_said_plainly(tmp_path):
    """One line, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*INSPECT, tmp_path / "x.sqlite", "--port", port],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "--port 0" in done.stderr


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


def test_the_printed_address_lets_in(fill):
    """The first address that is printed opens the page, and is rid of its token."""
    path = fill(exchange("/seen", at=time.time()))
    with subprocess.Popen([*INSPECT, path], stdout=subprocess.PIPE, text=True) as program:
        try:
            address = next(line.strip() for line in program.stdout if "http://" in line)
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            with opener.open(address, timeout=10) as answer:
                assert "token" not in answer.url
                assert b"/seen" in answer.read()
        finally:
            program.terminate()
