"""The app first: its latency and memory while the backend hangs."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from latency import assert_no_slower

from .guest import spells, wrapped

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_latency_is_the_same_while_the_backend_hangs():
    """p50 and p99 with a hanging backend are no further off than healthy runs are apart."""
    took, waiting = spells(rate=1000)
    assert waiting > 3000
    assert_no_slower(took["hanging"], took["healthy"] + took["again"])


OUTAGE = """
import sys, threading, time
sys.path.insert(0, {tests!r})
from delivery.rig import Item, Sink, law, processor

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

sink = Sink()
sink.hang.clear()
it = processor(sink, max_queue_bytes=16 * 1024 * 1024)
it.submit(Item("first", bytes(10_000), 10_000))
before, most = resident(), 0.0
for number in range(20_000):
    it.submit(Item(str(number), bytearray(10_000), 10_000))
    if number % 500 == 0:
        most = max(most, resident())
law(it.stats())
print(most - before, it.stats().queue_bytes, it.stats().dropped["queue_full"])
"""


@pytest.mark.slow
def test_memory_is_flat_during_an_outage():
    """200 MB captured during an outage cost no more than the configured 16 MiB plus 20 MB."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(OUTAGE.format(tests=str(TESTS)))],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    grown, queued, dropped = map(float, ended.stdout.split())
    assert grown <= 16 + 20
    assert queued <= 16 * 1024 * 1024
    assert dropped > 10_000


def test_no_thread_of_ours_without_a_request():
    """Wrapping an app starts nothing."""
    before = threading.active_count()
    _, sink = wrapped("healthy")
    assert threading.active_count() == before + 1, "the sink's own thread"
    sink.close()
