"""What ``show``, ``tail`` and ``stats`` print of exchanges that are out of the ordinary."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from store.samples import exchange, lines

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.cli.terminal import program
from wsgi_apimetrics.exchange import Body, Group, Redaction
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.store import Writer, default_path

from .test_commands import failed_well


@pytest.fixture
def keep():
    """Put exchanges into the default store."""

    def keep(*exchanges, redactions=()):
        writer = Writer(default_path())
        writer.append([jsonline.dumps(one, redactions) for one in exchanges])
        assert writer.index(5)
        writer.close()
        return exchanges[0]

    return keep


def answered(body, **more):
    """Return an exchange whose response has this body."""
    one = exchange(**more)
    return dataclasses.replace(one, response=dataclasses.replace(one.response, body=body))


# -- show ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (Body(None, 5_000_000, None, "image/png", omitted="too large"), ["5.0 MB left out: too"]),
        (Body(b"x" * 5000, 5000, 5000, "text/plain"), ["… 1,000 more characters: --whole"]),
        (Body(b"\xff" * 300, 300, 300, ""), ["… 44 more bytes: --whole"]),
        (Body(b"half", 9000, 9000, "text/plain", truncated=True), ["(the beginning of 9.0 kB)"]),
        (Body(b"{no json", 8, 8, "application/json"), ["{no json"]),
        (Body(b"[" * 50_000, 50_000, 50_000, "application/json"), ["[[[[[[", "46,000 more"]),
        (Body(b'{"price": 1.10}', 15, 15, "application/vnd.x+json"), ['  "price": 1.10']),
        (Body(), ["(no body)"]),
    ],
    ids=["left out", "long", "binary", "cut", "no json", "deep", "json", "none"],
)
def test_bodies(run, keep, body, words):
    """Of each is said how much there is, and how to see the rest."""
    result = run("show", keep(answered(body)).id)
    assert (result.returncode, result.stderr) == (0, "")
    for word in words:
        assert word in result.stdout


def test_whole_is_whole(run, keep):
    """Not a character is left out, nor a byte."""
    text = keep(answered(Body(b"x" * 5000, 5000, 5000, "text/plain")))
    binary = keep(answered(Body(b"\xff" * 300, 300, 300, "")))
    assert run("show", text.id, "--whole").stdout.count("x") >= 5000
    assert "000120" in run("show", binary.id, "--whole").stdout


def test_what_is_known_about_an_exchange(run, keep):
    """Who, by which framework, that it ended early, and what was taken out by which rule."""
    one = exchange(caller="ada", framework="flask", aborted=True, route="/users/<id>")
    rules = (Redaction("request.body.$.x", "denylist: x", "by name"), Redaction("group.id", "mask"))
    text = run("show", keep(one, redactions=rules).id).stdout
    for part in (
        "The ada <ada@example.com>", "flask", "the response ended early", "/users/<id>",
        "taken out before it was stored: 2", "by denylist: x (by name)", "by mask",
    ):  # fmt: skip
        assert part in text


def test_a_call_is_said_to_be_one(run, keep):
    """And during which exchange it was made, if that is known."""
    parent = exchange()
    alone, within = exchange(kind="client"), exchange(kind="client", parent_id=parent.id)
    keep(parent, alone, within)
    assert f"made by the app, during {parent.id}" in run("show", within.id).stdout
    assert "made by the app\n" in re.sub(" *│", "", run("show", alone.id).stdout)


def test_an_id_that_several_begin_with(run, keep):
    """They are listed, to choose from."""
    first, second = (
        dataclasses.replace(exchange(), id=f"aaaa0000-0000-4000-8000-00000000000{number}")
        for number in (1, 2)
    )
    keep(first, second)
    failed_well(run("show", "aaaa"), 1, "several exchanges begin with 'aaaa'", first.id, second.id)
    failed_well(run("show", " "), 1, "no exchange ' '")
    assert run("show", first.id.upper()).returncode == 0


# -- tail ---------------------------------------------------------------------------------


def test_callers_errors_and_calls_in_a_line(run, keep):
    """A name, the end of a masked key or the key; what went wrong; an arrow for a call."""
    keep(
        exchange("/named", caller="ada"),
        exchange("/nobody"),
        exchange("/aborted", aborted=True, status=0),
        exchange("/made", kind="client"),
        dataclasses.replace(exchange("/key"), group=Group("plain-key")),
        dataclasses.replace(exchange("/mask"), group=Group(mask("key-of-ada"))),
    )
    found = {
        path: line
        for line in run("tail", "--no-follow").stdout.splitlines()
        for path in re.findall(r"/\w+", line)[:1]
    }
    assert "The ada" in found["/named"]
    assert "→ api.example.com/made" in found["/made"]
    assert "aborted" in found["/aborted"]
    assert " — " in found["/aborted"]
    assert "plain-key" in found["/key"]
    assert "…-ada" in found["/mask"]


class Following:
    """``tail`` as a process that goes on, and its lines as JSON."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wsgi_apimetrics", "tail", "--json", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(300, self._process.kill)

    def __enter__(self):
        self._watchdog.start()
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        _, said = self._process.communicate()
        self._watchdog.cancel()
        assert (self._process.returncode, said) == (130, "\n")

    def waits(self):
        """Return what it says while there is nothing."""
        return self._process.stderr.readline()

    def path(self):
        """Return the next exchange's path."""
        return json.loads(self._process.stdout.readline())["path"]


def test_tail_waits_for_the_first_exchange(keep):
    """Started before the app, it says where it looks, and prints what comes."""
    with Following() as tail:
        assert f"waiting for the first exchange at {default_path()}" in tail.waits()
        keep(exchange("/first"))
        assert tail.path() == "/first"


def test_tail_follows_a_search(keep):
    """What is found once it is indexed is not missed, and nothing else is printed."""
    keep(exchange("/old", got=b'"lamp"'))
    with Following("--search", "lamp", "-n", "1") as tail:
        assert tail.path() == "/old"
        writer = Writer(default_path())
        for number in range(3):
            writer.append(lines(exchange(f"/desk-{number}", got=b'"desk"')))
            writer.append(lines(exchange(f"/lamp-{number}", got=b'"lamp"')))
            assert writer.index(5)
            assert tail.path() == f"/lamp-{number}"
        writer.close()


def test_tail_misses_nothing_of_a_flood(keep):
    """Though more comes at once than is read at once."""
    keep(exchange("/old"))
    with Following("-n", "1") as tail:
        assert tail.path() == "/old"
        keep(*(exchange(f"/{number}") for number in range(1200)))
        assert [tail.path() for _ in range(1200)] == [f"/{number}" for number in range(1200)]


def test_tail_of_nothing_old(run, keep):
    """``-n 0``: only what comes."""
    keep(exchange("/old"))
    assert run("tail", "-n", "0", "--no-follow").stdout == ""


# -- stats --------------------------------------------------------------------------------


def test_stats_of_nothing(run, keep):
    """Figures without a plot, and no lists."""
    keep(exchange(at=time.time() - 10_000))
    text = run("stats", "--since", "1h").stdout
    assert "0 exchanges" in text
    assert "slowest" not in text


def test_stats_say_what_changed(run, keep):
    """Against as long a time before, where there is something to compare."""
    now = time.time()
    keep(
        *(exchange(at=now - 100, duration=0.2, status=500) for _ in range(4)),
        *(exchange(at=now - 4000, duration=0.1) for _ in range(2)),
        exchange(at=now - 90, status=404),
    )
    text = run("stats", "--since", "1h").stdout
    assert "+150%" in text
    assert "+80.0 pt" in text
    assert "20.0%" in text


def test_an_exchange_of_another_day_has_its_date(run, keep):
    """The time alone would be today's."""
    keep(exchange("/old", at=time.time() - 3 * 86400))
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", run("tail", "--no-follow").stdout)


def test_export_says_only_what_is_known(run, keep):
    """An exchange of nobody's, with nothing taken out, has no members of ours for that."""
    keep(exchange("/nobody"))
    [entry] = json.loads(run("export").stdout)["log"]["entries"]
    assert not entry.keys() & {"_group", "_redactions", "pageref"}


def test_export_routes_counts_a_large_store(run, keep):
    """However many pages it has."""
    keep(*(exchange(f"/things/{number}", route="/things/<int:id>") for number in range(1100)))
    _, row = run("export", "--format", "routes").stdout.splitlines()
    assert row.startswith("/things/{id},get,1100,200,")


def test_a_store_that_can_not_be_read_now(run, keep):
    """SQLite's own word, in one line."""
    keep(exchange())
    connection = sqlite3.connect(default_path())
    connection.execute("DROP TABLE tally")
    connection.close()
    failed_well(run("stats"), 1, "the store can't be used now: no such table")


def test_commands_are_shown_as_they_can_be_typed(monkeypatch, tmp_path):
    """By name where that is found, else by the path to it, else by the interpreter's."""
    beside = Path(sys.executable).with_name("wsgi-apimetrics")
    monkeypatch.setenv("PATH", str(beside.parent))
    assert program() == "wsgi-apimetrics"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(beside.parent)
    assert program() == "wsgi-apimetrics"
    monkeypatch.chdir(tmp_path)
    assert program() == str(beside)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert program() == "python -m wsgi_apimetrics"
