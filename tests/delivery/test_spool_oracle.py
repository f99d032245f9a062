"""The conservation oracle: every commit is an obligation, whatever happens to the processes.

Four processes write to one spool and send from it; they are killed in a loop, on a disk that
fills up. Afterwards one more process sends what is left: each obligation has arrived, each
payload is intact, and what came twice is counted.
"""

from __future__ import annotations

import random
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest
from waiting import in_time, until

TESTS = Path(__file__).resolve().parents[1]

CHILD = """
import hashlib, os, random, sys, time
sys.path.insert(0, {tests!r})
from delivery.rig import Item, processor
from waiting import until
from wsgi_apimetrics.delivery.spool import Spool
from wsgi_apimetrics.payload import Outcome

base, name, mode = sys.argv[1:4]
chance = random.Random(name)
obligations = os.open(base + "/obligations", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
arrived = os.open(base + "/arrived", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
put = Spool.put

def counted(self, fragments):
    positions = put(self, fragments)
    os.write(obligations, "".join(f"{{it.id}}\\n" for it in fragments).encode())
    return positions

Spool.put = counted

class Sink:
    def send(self, payload):
        if mode == "work" and chance.random() < 0.2:
            return Outcome(status_code=chance.choice([429, 500, 503]))
        lines = [
            f"{{id_}} {{content == content_of(id_)}}\\n"
            for id_, content in zip(payload.ids, payload.content.split(b","))
        ]
        os.write(arrived, "".join(lines).encode())
        return Outcome(status_code=200)

    def close(self):
        pass

def content_of(id_):
    digest = hashlib.sha256(id_.encode()).hexdigest().encode()
    return digest * (1 + digest[0] * digest[1] % 40)

it = processor(Sink, spool_dir=base + "/spool", buffer_length=5, flush_interval_seconds=0.05)
if mode == "work":
    for number in range(1_000_000):
        id_ = f"{{name}}-{{number}}"
        it.submit(Item(id_, content_of(id_)))
        time.sleep(0.001)
else:
    it.submit(Item("last-0", content_of("last-0")))
    until(lambda: it.stats().delivered and not it.stats().spooled, 60)
    it.shutdown(10)
    stats = it.stats()
    print(stats.dropped, stats.last_error)
"""


def child(base: Path, name: str, mode: str, limit: int | None = None) -> subprocess.Popen:
    """Start a process that works until it is killed, or that sends what is left."""

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(tests=str(TESTS)), str(base), name, mode],
        preexec_fn=full_disk if limit else None,  # noqa: PLW1509 - no other thread runs here
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def drained(base: Path) -> str:
    """Let one more process send what is left, and return what it said."""
    last = child(base, "last", "drain")
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, err
    return out


def told(base: Path) -> int:
    """Return how many obligations there are by now."""
    try:
        return (base / "obligations").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def settle(base: Path) -> tuple[set[str], Counter[str]]:
    """Return the obligations, and what arrived intact."""
    obligations = set((base / "obligations").read_text().split())
    arrived: Counter[str] = Counter()
    for line in (base / "arrived").read_text().splitlines():
        id_, intact = line.split()
        assert intact == "True", line
        arrived[id_] += 1
    return obligations, arrived


@pytest.mark.slow
@pytest.mark.parametrize("limit", [None, 400_000], ids=["", "full disk"])
def test_every_commit_arrives(tmp_path, limit):
    """Kills in a loop among four processes lose nothing that was committed."""
    chance, kills, between = random.Random(5), 12, 30
    running = [child(tmp_path, f"p{number}", "work", limit) for number in range(4)]
    try:
        until(lambda: told(tmp_path) >= between, 60)
        for number in range(kills):
            due = told(tmp_path) + chance.randrange(between, 2 * between)
            # A full disk takes nothing until what the killed had in hand is sent by others.
            in_time(lambda due=due: told(tmp_path) >= due, 0.5 if limit else 60)
            victim = running.pop(chance.randrange(len(running)))
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
            running.append(child(tmp_path, f"q{number}", "work", limit))
    finally:
        for one in running:
            one.send_signal(signal.SIGKILL)
            one.communicate()
    said = drained(tmp_path)
    obligations, arrived = settle(tmp_path)
    assert len(obligations) >= (1 if limit else kills) * between
    assert obligations <= set(arrived), f"{len(obligations - set(arrived))} lost; {said}"
    twice = sum(1 for count in arrived.values() if count > 1)
    assert twice <= (kills + 4) * 5 * 30, "more than what was on the wire at each kill"
    (spool,) = (tmp_path / "spool").glob("*.spool")
    connection = sqlite3.connect(spool)
    assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (0,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


FULL = """
import logging, sys
logging.basicConfig(level=logging.WARNING)
sys.path.insert(0, {tests!r})
from delivery.rig import Sink, items, law, processor
from waiting import until
sink = Sink()
sink.hang.clear()
it = processor(sink, spool_dir=sys.argv[1], buffer_length=5, max_queue_size=200)
for item in items(400, content=b"x" * 5000):
    it.submit(item)
    if it.stats().queue_depth > 150:
        until(lambda: it.stats().queue_depth <= 150 or it.stats().last_error)
until(lambda: "spool" in (it.stats().last_error or ""))
law(it.stats())
sink.hang.set()
it.flush(20)
it.shutdown(5)
stats = it.stats()
law(stats)
print(stats.delivered, stats.spooled, sum(stats.dropped.values()), len(sink.accepted))
"""


@pytest.mark.slow
def test_full_disk_carries_on_in_memory(tmp_path):
    """On a full disk delivery goes on in memory: counted, said in the log, nothing unexplained."""

    def full_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))

    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL.format(tests=str(TESTS))), str(tmp_path)],
        preexec_fn=full_disk, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    delivered, spooled, dropped, arrived = map(int, ended.stdout.split())
    assert delivered + spooled + dropped == 400
    assert arrived == delivered > 0
    assert "carrying on in memory" in ended.stderr
