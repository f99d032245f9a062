"""Requests per second under gunicorn, at saturation and at half load, to a do-nothing wrapper's.

And whether every exchange was delivered, with the default bounds of the queue.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from contextlib import ExitStack

from . import exchanges, load
from .gunicorn import serving
from .processes import Talking, peers_python, sink
from .results import Bar, Table

CONNECTIONS = 8
BARS = (("bare app", "noop", "ours", 0.7), ("Flask app", "noop-flask", "ours-flask", 0.8))
PEERS = ("moesifwsgi", "opentelemetry", "apitally", "readme-metrics", "apitoolkit-flask")
FLOORS = frozenset({"noop", "noop-flask", "tee"})
"""Those that send nothing."""
HALF = 0.98


def script(*, close):
    """The small exchange's request, for wrk."""
    environ = exchanges.environ()
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{exchanges.REQUEST.decode()}]==]"]
    lines += [f'wrk.headers["{name}"] = [==[{value}]==]' for name, value in load.headers(environ)
              if name != "Content-Length"]  # fmt: skip
    if close:
        lines.append('wrk.headers["Connection"] = "close"')
    return "\n".join(lines)


def wrk(port, seconds, *, close=False):
    """Return how many requests were answered, and how many in a second.

    ``close``: each on a connection of its own, as the client of a fixed rate has them.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(script(close=close))
        lua.flush()
        said = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", lua.name,
             f"http://127.0.0.1:{port}/users/42?page=2&sort=name"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    if "Non-2xx" in said:
        raise RuntimeError(said)
    answered = int(re.search(r"(\d+) requests in", said)[1])
    return answered, float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def delivered(port, process, name, seconds=20):
    """Return what the middleware captured, and what of it the sink has."""
    deadline = time.monotonic() + seconds
    url = f"http://127.0.0.1:{port}/stats"
    while True:
        with urllib.request.urlopen(url) as answer:
            stats = json.load(answer)
        captured = sum(one[0] for one in stats.values())
        got = process.ask(name)["exchanges"]
        if got >= captured or time.monotonic() > deadline:
            return captured, got
        time.sleep(0.2)


def saturation(kind, names, *, rounds, seconds):
    """Return per subject: requests per second, requests answered, captured, delivered."""
    with ExitStack() as stack:
        process, ports = stack.enter_context(sink(*names, python=peers_python()))
        served = {name: stack.enter_context(serving(name, ports, kind)) for name in names}
        rates = {name: [] for name in names}
        answered = dict.fromkeys(names, 0)
        for _ in range(rounds):
            for name, port in served.items():
                count, rate = wrk(port, seconds)
                answered[name] += count
                rates[name].append(rate)
        found = {}
        for name, port in served.items():
            captured, got = (0, 0) if name in FLOORS else delivered(port, process, name)
            if not captured and name not in FLOORS:  # a peer: what is there after a while
                time.sleep(5)
                got = process.ask(name)["exchanges"]
            found[name] = (statistics.median(rates[name]), answered[name], captured, got)
        return found


def half(kind, noop, ours, *, seconds):
    """Return half of what ``noop`` can answer, and how much of it each of the two does in time."""
    with ExitStack() as stack:
        _, ports = stack.enter_context(sink(noop, ours, python=peers_python()))
        shares = {}
        for name in (noop, ours):
            port = stack.enter_context(serving(name, ports, kind))
            if name == noop:
                rate = wrk(port, 3, close=True)[1] / 2
            client = Talking("bench.load", str(port))
            stack.callback(client.end)
            client.ask("run", rate, 1)
            begun = time.perf_counter()
            answers = client.ask("run", rate, seconds)
            took = max(seconds, time.perf_counter() - begun - 0.05)
            shares[name] = sum(one is not None for one in answers) / took
        return rate, shares


def measure(quick=False):
    """Yield the bars and tables of this part."""
    kinds = ("sync",) if quick else ("sync", "gthread")
    rounds, seconds = (3, 2) if quick else (3, 3)
    rows = []
    for kind in kinds:
        names = [name for _, noop, ours, _ in BARS for name in (noop, ours)]
        if not quick:
            names += ("tee", *PEERS)
        found = saturation(kind, names, rounds=rounds, seconds=seconds)
        for name, (rate, answered, captured, got) in found.items():
            base = "noop-flask" if name in ("ours-flask", *PEERS[2:3], *PEERS[4:]) else "noop"
            share = "" if name in FLOORS else f"{got / (captured or answered):.1%}"
            rows.append((kind, name, f"{rate:,.0f}", f"{rate / found[base][0]:.0%}", share))
        for label, noop, ours, limit in BARS:
            yield Bar(f"{kind}, {label}: saturation", found[ours][0], found[noop][0], limit,
                      "/s", at_least=True)  # fmt: skip
            _, answered, captured, got = found[ours]
            yield Bar(f"{kind}, {label}: delivered", got, max(captured, answered), 1, "",
                      at_least=True)  # fmt: skip
            if not quick:
                offered, shares = half(kind, noop, ours, seconds=5)
                # Held against what was offered: a client or a floor that fell behind is no pass.
                name = f"{kind}, {label}: half load, of what was offered"
                yield Bar(name, shares[ours], offered, HALF, "/s", at_least=True)
    heads = ("worker", "", "requests/s", "of the do-nothing wrapper", "arrived")
    yield Table("throughput", "gunicorn, one worker, wrk on 8 connections", heads, rows)
