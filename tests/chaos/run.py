"""``make chaos``: every scenario, with a spool and without, and a table of what became of it.

A scenario is a row of moods that the backend goes through under load, and what is done to the
server meanwhile. At the end the backend is healthy; with a spool the server is started once
more, so that what was left is sent by those who come after.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import latency as latencies
from waiting import in_time

from . import guest
from .rig import Gunicorn, Load, Verdict, judge
from .sink import Sink


@dataclass(frozen=True)
class Scenario:
    """Moods of the backend, one after another, and signals at random moments."""

    name: str
    moods: tuple[str, ...]
    signals: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


SCENARIOS = (
    Scenario("healthy", ("healthy",)),
    Scenario("refusing connections", ("healthy", "refuse", "healthy")),
    Scenario("hanging", ("healthy", "hang", "healthy")),
    Scenario("reset in mid-answer", ("healthy", "reset", "healthy")),
    Scenario("wrong key", ("healthy", "401", "healthy")),
    Scenario("429 with Retry-After", ("healthy", "429", "healthy")),
    Scenario("spells of 500 and 503", ("500", "healthy", "503", "healthy")),
    Scenario("slow", ("slow", "healthy")),
    Scenario("one in 97 refused", ("400 for one",)),
    Scenario("reloads (HUP)", ("healthy", "503", "healthy"), ("HUP", "HUP")),
    Scenario("workers ended (TERM)", ("healthy", "hang", "healthy"), ("TERM", "TERM", "TERM")),
    Scenario("workers killed (KILL)", ("healthy", "503", "healthy"), ("KILL", "KILL", "KILL")),
    Scenario("preloaded", ("healthy", "reset", "healthy"), ("TERM",), ("--preload",)),
    Scenario("recycled workers", ("healthy",), (), ("--max-requests", "100")),
    Scenario("everything", ("reset", "503", "refuse", "hang", "slow", "429", "healthy"),
             ("TERM", "KILL", "HUP", "KILL")),
)  # fmt: skip


def play(scenario: Scenario, *, spool: bool, exchanges: int, rate: float, seed: int) -> Verdict:
    """Play one scenario and return the verdict."""
    base = Path(tempfile.mkdtemp(prefix="chaos-"))
    sink = Sink()
    server = Gunicorn(sink, base, spool=spool, options=scenario.options)
    begun = time.monotonic()
    try:
        server.start()
        load = Load(server.port, exchanges, rate)
        load.start()
        _trouble(scenario, sink, server, load, exchanges / rate, random.Random(seed))
        load.join()
        sink.feel(scenario.moods[-1])
        _settle(sink, server, load)
        return judge(sink, server, load.ledger, time.monotonic() - begun)
    finally:
        if server.process is not None and server.process.poll() is None:
            server.process.kill()
        sink.close()
        shutil.rmtree(base, ignore_errors=True)


def _trouble(scenario, sink, server, load, seconds, chance) -> None:
    """Change the mood at even intervals, and send the signals at random moments."""
    begun = time.monotonic()
    events = [
        (seconds * number / len(scenario.moods), "mood", mood)
        for number, mood in enumerate(scenario.moods)
    ]
    events += [(chance.uniform(0.1, 0.9) * seconds, "signal", name) for name in scenario.signals]
    for moment, kind, what in sorted(events):
        in_time(lambda moment=moment: time.monotonic() - begun >= moment, seconds + 5)
        if kind == "mood":
            sink.feel(what)
        elif what == "HUP":
            server.process.send_signal(signal.SIGHUP)
        else:
            pid = chance.choice(server.workers())
            if what == "KILL":
                load.ledger.killed[pid] = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, f"SIG{what}"))


def _settle(sink: Sink, server: Gunicorn, load: Load) -> None:
    """End the server; with a spool, let the next one send what is left."""
    server.stop()
    if server.spool is None:
        return
    server.start()

    def all_there() -> bool:
        _wake(server.port)
        time.sleep(0.1)
        missing = set(load.ledger.answered) - set(sink.accepted) - sink.refused
        return not {it for it in missing if load.ledger.answered[it][0] not in load.ledger.killed}

    in_time(all_there, 30)
    if load.ledger.killed:
        time.sleep(1)  # for what those who were killed had left
    server.stop()


def _wake(port: int) -> None:
    """Ask once, outside of the count: a process takes over what is left at its first exchange."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/n/0")
        connection.getresponse().read()


HEAD = (
    "scenario", "spool", "captured", "delivered", "twice", "dead", "dropped", "killed", "LOST", "s",
)  # fmt: skip


def row(name: str, spool: bool, it: Verdict) -> tuple[str, ...]:
    """Return a verdict as a row of the table."""
    dropped = ", ".join(
        f"{count} {reason}" for reason, count in sorted(it.dropped.items()) if count
    )
    return (
        name, "yes" if spool else "no", str(it.captured), str(it.delivered), str(it.duplicates),
        str(it.dead_letters), dropped or "0", str(it.lost_to_kill), str(it.unexplained),
        f"{it.seconds:.0f}",
    )  # fmt: skip


def faults(spool: bool, it: Verdict) -> list[str]:
    """Return what is wrong with a verdict."""
    found = []
    if it.unexplained:
        found.append(f"{it.unexplained} exchanges are not accounted for")
    if it.overcounted:
        found.append(f"{it.overcounted} more are counted as gone than can be")
    if it.unexcused_duplicates:
        found.append(f"{it.unexcused_duplicates} were sent again although the answer had come")
    if it.laws_broken:
        found.append(f"the conservation law is broken in {it.laws_broken} processes")
    if spool and sum(it.dropped.values()):
        found.append(f"dropped with a spool: {dict(it.dropped)}")
    return found


def latency() -> list[str]:
    """Print p50 and p99 with two healthy backends and one that hangs; return what is wrong.

    Said of a machine that does nothing else, in one of three tries: see :mod:`latency`.
    """
    for _ in range(3):
        took, waiting = guest.spells(rate=1000)
        print(f"microseconds at 1,000 requests/s; {waiting} wait for the backend that hangs")
        for name, them in took.items():
            p50, p99 = (median(map(of, them)) * 1e6 for of in (latencies.p50, latencies.p99))
            print(f"  {name:8} p50 {p50:6.1f}  p99 {p99:6.1f}", flush=True)
        if latencies.no_further_apart(took["hanging"], took["healthy"], took["again"]):
            return []
    return ["a backend that hangs: p50 or p99 are further off than two healthy runs are apart"]


def main() -> int:
    """Play all scenarios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchanges", type=int, default=100_000, help="in all")
    parser.add_argument("--rate", type=float, default=250.0, help="requests a second")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="", help="part of a scenario's name")
    given = parser.parse_args()
    seed = random.randrange(10**6) if given.seed is None else given.seed
    plays = [(it, spool) for it in SCENARIOS if given.only in it.name for spool in (True, False)]
    print(f"seed {seed}, {len(plays)} plays", flush=True)
    rows, wrong = [HEAD], latency() if given.only in "latency" else []
    for scenario, spool in plays:
        verdict = play(scenario, spool=spool, exchanges=given.exchanges // len(plays),
                       rate=given.rate, seed=seed)  # fmt: skip
        rows.append(row(scenario.name, spool, verdict))
        print("  ".join(rows[-1]), flush=True)
        wrong += [f"{scenario.name}: {fault}" for fault in faults(spool, verdict)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for one in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(one, widths, strict=True)))
    print("\n".join(["", *wrong, "nothing lost" if not wrong else f"{len(wrong)} faults"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
