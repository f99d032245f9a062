"""What one exchange costs the whole process until it is delivered, beside the peers.

Every subject runs in a process of its own, in turns; counted is that process's processor time,
from the first request until the sink has the last exchange, less what the bare app takes. A
peer of which not everything arrived is marked with how much did.
"""

from __future__ import annotations

import json
import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field

from .processes import Talking, arrived, peers_python, sink
from .results import Bar, Table
from .subjects import ON_FLASK

SMALL = (
    "ours", "ours-wide", "ours-speed", "moesifwsgi", "opentelemetry", "apitally", "readme-metrics",
    "readme-metrics-10", "apitoolkit-flask",
)  # fmt: skip
LARGE = ("ours", "ours-untouched", *SMALL[3:])
SLOW = frozenset({"apitoolkit-flask", "readme-metrics"})
"""Those of which fewer requests say enough: each takes as long as ten of the others."""


@dataclass
class Cost:
    """What a subject took, turn by turn: processor microseconds and wall microseconds."""

    cpu: list = field(default_factory=list)
    wall: list = field(default_factory=list)
    served: int = 0
    counts: dict = field(default_factory=dict)

    def median(self):
        return statistics.median(self.cpu), statistics.median(self.wall)


def costs(names, size, *, turns, requests, how="serve"):
    """Return the :class:`Cost` of each subject, and of the bare apps."""
    python = peers_python()
    every = ["bare", *(["bare-flask"] if ON_FLASK & set(names) else []), *names]
    with ExitStack() as stack:
        inbox, ports = stack.enter_context(sink(*names, python=python))
        subjects = {}
        for name in every:
            subjects[name] = Talking("bench.subject", name, size, json.dumps(ports), python=python)
            stack.callback(subjects[name].end)
        found = {name: Cost() for name in every}
        for turn in range(turns + 1):
            for name, subject in subjects.items():
                count = requests // 5 if name in SLOW else requests
                _turn(found[name], subject, inbox if name in names else None, name, count, how)
                if turn == 0:  # it warmed up
                    found[name].cpu.clear()
                    found[name].wall.clear()
        return found


def _turn(cost, subject, inbox, name, requests, how):
    wall = subject.ask(how, requests)
    cost.served += requests
    if inbox is not None:
        subject.ask("hurry")
        cost.counts = arrived(inbox, name, cost.served, seconds=5)
    cost.cpu.append(subject.ask("cost") / requests)
    cost.wall.append(wall)


def added(found):
    """Return what each subject adds to its bare app, as (processor, wall) microseconds."""
    medians = {name: cost.median() for name, cost in found.items()}
    return {
        name: tuple(
            mine - its
            for mine, its in zip(
                medians[name], medians["bare-flask" if name in ON_FLASK else "bare"], strict=True
            )
        )
        for name in found
        if not name.startswith("bare")
    }


def _row(name, extra, cost):
    if not cost.counts:
        return (name, f"{extra[0]:,.0f}", f"{extra[1]:,.0f}", "", "")
    share = cost.counts["exchanges"] / cost.served
    batch = cost.counts["exchanges"] / max(1, cost.counts["payloads"])
    return (name, f"{extra[0]:,.0f}", f"{extra[1]:,.0f}", f"{share:.0%}", f"{batch:.1f}")


HEADS = ("", "CPU until delivered, us", "request's wall time, us", "arrived", "per payload")


def measure(quick=False):
    """Yield the bars and tables of this part."""
    names = ("ours", "ours-speed", "moesifwsgi", "apitally") if quick else SMALL
    found = costs(names, "small", turns=3 if quick else 7, requests=200 if quick else 500)
    extra = added(found)
    yield Table(
        "peers-small", "Small exchange", HEADS, [_row(n, extra[n], found[n]) for n in names]
    )
    yield Bar("CPU, small, to moesifwsgi", extra["ours"][0], extra["moesifwsgi"][0], 0.45,
              missed_at=0.51)  # fmt: skip
    yield Bar("CPU, small, to apitally", extra["ours"][0], extra["apitally"][0], 0.2,
              missed_at=0.33)  # fmt: skip
    yield Bar("CPU, small, [speed], to moesifwsgi", extra["ours-speed"][0],
              extra["moesifwsgi"][0], 0.25, missed_at=0.5)  # fmt: skip
    for name in ("ours", "ours-speed"):
        share = found[name].counts["exchanges"] / found[name].served
        yield Bar(f"delivered of {name}", share, 1.0, 1.0, "", at_least=True)

    if not quick:
        found = costs(SMALL, "small", turns=5, requests=300, how="trickle")
        rows = [_row(name, extra, found[name]) for name, extra in added(found).items()]
        yield Table("peers-trickle", "Small exchange, ten at a time", HEADS, rows)

    names = ("ours", "ours-untouched", "readme-metrics") if quick else LARGE
    found = costs(names, "large", turns=3, requests=50 if quick else 150)
    extra = added(found)
    yield Table(
        "peers-large", "100 KB response", HEADS, [_row(n, extra[n], found[n]) for n in names]
    )
    readme = extra["readme-metrics"][0]
    yield Bar("CPU, 100 KB under rules, to readme-metrics", extra["ours"][0], readme, 0.25)
    yield Bar("CPU, 100 KB, no rule reaches it", extra["ours-untouched"][0], readme, 0.05,
              missed_at=0.13)  # fmt: skip
