"""How long the app's answers take, with one backend and another, in one run and at a fixed rate.

A busy machine is slow for all alike: the apps take turns, and what is compared is how far two
of them are apart.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from statistics import median, quantiles

RESOLUTION_SECONDS = 50e-6
"""Differences below this are the clock's and the scheduler's."""


def p50(took: Sequence[float]) -> float:
    return median(took)


def p99(took: Sequence[float]) -> float:
    return quantiles(took, n=100)[98]


def spell(application, seconds: float, rate: float) -> list[float]:
    """Ask at a fixed rate and return how long each answer took."""
    took, due = [], time.perf_counter()
    end = due + seconds
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        begun = time.perf_counter()
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/n/1", "SERVER_NAME": "a", "SERVER_PORT": "80",
            "wsgi.url_scheme": "http", "wsgi.input": None, "wsgi.errors": sys.stderr,
            "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
        }  # fmt: skip
        answer = application(environ, lambda *_: None)
        list(answer)
        getattr(answer, "close", list)()
        took.append(time.perf_counter() - begun)
        due += 1 / rate
    return took


def in_turns(
    applications: Mapping[str, Callable], rounds: int = 9, seconds: float = 0.4, rate: float = 300
) -> dict[str, list[list[float]]]:
    """Let each have its spell, round by round, never in the same order twice running."""
    spells: dict[str, list[list[float]]] = {name: [] for name in applications}
    names = list(applications)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            spells[name].append(spell(applications[name], seconds, rate))
    return spells


def no_further_apart(
    spells: Sequence[Sequence[float]],
    healthy: Sequence[Sequence[float]],
    again: Sequence[Sequence[float]],
) -> bool:
    """Whether p50 and p99 of ``spells`` exceed the healthy ones' by no more than those differ.

    Medians over the spells of two healthy runs; below :data:`RESOLUTION_SECONDS` nothing is said.
    For a machine that does nothing else: a busy one moves the two runs together by chance.
    """
    for quantile in (p50, p99):
        one, other, mine = (median(map(quantile, run)) for run in (healthy, again, spells))
        if mine - max(one, other) > max(RESOLUTION_SECONDS, abs(one - other)):
            return False
    return True


def assert_no_slower(spells: Sequence[Sequence[float]], healthy: Sequence[Sequence[float]]) -> None:
    """p50 and p99 of ``spells`` are no further from the healthy ones than those among themselves.

    How far that is, is measured in the same run: the distance that nine of ten pairs of healthy
    spells keep within. What is compared are medians over the spells, which a busy moment of
    the machine moves less than a single spell.
    """
    for quantile in (p50, p99):
        usual = [quantile(it) for it in healthy]
        apart = [abs(one - other) for one, other in combinations(usual, 2)]
        bound = max(RESOLUTION_SECONDS, quantiles(apart, n=10)[8])
        slower = median(map(quantile, spells)) - median(usual)
        assert slower <= bound, f"{quantile.__name__}: {slower:.6f} s slower, bound {bound:.6f} s"
