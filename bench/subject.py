"""The process of one subject: serves requests when it is told to, and says what they cost.

``python -m bench.subject NAME SIZE PORTS``, then commands on stdin: ``serve N``, ``hurry`` and
``cost``; each is answered by one line of JSON. Requests come in a tight loop, or (``trickle N``) in
tens with a pause between them, in which what is sent behind them catches up: every ten then find
the processor's caches full of something else.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time

from . import exchanges
from .subjects import BATCH, SUBJECTS

PAUSE_SECONDS = 0.012


class Subject:
    """An app under its middleware, and the processor time that it has taken."""

    def __init__(self, name, size, ports):
        body = exchanges.LARGE if size == "large" else exchanges.RESPONSE
        self._app, self._hurry = SUBJECTS[name](ports, body)
        self._before = time.process_time_ns()

    def serve(self, requests, pause=0.0):
        """Answer so many requests; return the median microseconds of one, by the clock."""
        self._before = time.process_time_ns()
        times = []
        for _ in range(requests // BATCH):
            environs = [exchanges.environ() for _ in range(BATCH)]
            for environ in environs:
                begun = time.perf_counter_ns()
                exchanges.serve(self._app, [environ])
                times.append((time.perf_counter_ns() - begun) / 1000)
            if pause:
                time.sleep(pause)
        return statistics.median(times)

    def trickle(self, requests):
        """Answer so many requests, in tens."""
        return self.serve(requests, PAUSE_SECONDS)

    def hurry(self):
        self._hurry()
        return True

    def cost(self):
        """Return the microseconds of processor time that the process took since ``serve``."""
        return (time.process_time_ns() - self._before) / 1000


def main():
    name, size, ports = sys.argv[1:]
    logging.disable()
    subject = Subject(name, size, json.loads(ports))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        print(json.dumps(getattr(subject, command)(*map(int, arguments))), flush=True)


if __name__ == "__main__":
    main()
