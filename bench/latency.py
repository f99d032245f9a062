"""The 99th percentile at half load and a fixed rate, with a backend that is well, slow, or hangs.

Two bare servers, one that only tees, and three of ours run side by side and are asked in turns, so
that what else the machine does meets them all. The spread of the two bare ones is nobody's fault:
ours is held against the slower of them.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack

from .gunicorn import serving
from .processes import Talking, peers_python, sink
from .results import Bar, Table
from .throughput import delivered, wrk

OURS = {"healthy": "ours", "slow": "ours-slow", "hanging": "ours-hanging"}
FLOORS = (("bare 1", "bare"), ("bare 2", "bare"), ("tee only", "tee"))
LIMIT = 1.2
UNSTEADY = 1.5
"""Where the two bare servers are further apart than this, the machine was too busy to tell."""
BEHIND_MS = 100
"""So too where the bare app is this late at half load: the client could not hold the rate."""


def percentile(values, share):
    ordered = sorted(float("inf") if value is None else value for value in values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def latencies(kind, *, rounds, seconds):
    """Return (rate, latencies by subject), each a list for every round."""
    with ExitStack() as stack:
        process, ports = stack.enter_context(sink(*OURS.values(), python=peers_python()))
        for mode, name in OURS.items():
            process.ask(name, mode)
        clients, served = {}, {}
        for label, subject in (*FLOORS, *OURS.items()):
            served[label] = stack.enter_context(serving(subject, ports, kind))
            clients[label] = Talking("bench.load", str(served[label]))
            stack.callback(clients[label].end)
        rate = wrk(served["bare 1"], 2, close=True)[1] / 2
        found = {label: [] for label in clients}
        labels = list(clients)
        for turn in range(rounds + 1):
            first = turn % len(labels)
            for label in labels[first:] + labels[:first]:
                answers = clients[label].ask("run", rate, seconds)
                if label == "healthy":  # the next one must not pay for what this one has left
                    delivered(served[label], process, OURS[label])
                if turn:  # the first warms up
                    found[label].append(answers)
        return rate, found


def measure(quick=False):
    """Yield the bars and tables of this part."""
    kinds = ("sync",) if quick else ("sync", "gthread")
    rows = []
    for kind in kinds:
        rate, found = latencies(kind, rounds=3 if quick else 7, seconds=1.5 if quick else 2)
        tails = {}
        for label, rounds in found.items():
            tails[label] = statistics.median(percentile(one, 0.99) for one in rounds)
            middle = statistics.median(percentile(one, 0.5) for one in rounds)
            name = f"ours, backend {label}" if label in OURS else label
            rows.append((kind, name, f"{rate:,.0f}", f"{middle:.2f}", f"{tails[label]:.2f}"))
        bare = max(tails["bare 1"], tails["bare 2"])
        torn = bare > UNSTEADY * min(tails["bare 1"], tails["bare 2"])
        note = " (bare runs late or apart)" if torn or bare > BEHIND_MS else ""
        for label in OURS:
            name = f"{kind}, p99, backend {label}{note}"
            yield Bar(name, tails[label], bare, LIMIT, "ms")
    heads = ("worker", "", "requests/s", "median, ms", "p99, ms")
    yield Table("latency", "Half load, fixed rate", heads, rows)
