"""Run the measurements and print each ratio beside its bar.

All parts: the tables and plots of the documentation are written too. ``--quick`` is for every
day, and for CI, where it ends with 1 when a ratio is more than half again its bar; of a bar that is
missed, half again what it was missed by.
"""

from __future__ import annotations

import argparse
import sys

from . import (
    imports,
    latency,
    memory,
    peers,
    report,
    request_thread,
    scaling,
    store,
    throughput,
)  # fmt: skip
from .results import Bar

PARTS = {
    "request": request_thread.measure,
    "peers": peers.measure,
    "throughput": throughput.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "scaling": scaling.measure,
    "imports": imports.measure,
    "store": store.measure,
}
QUICK = ("request", "imports", "peers", "throughput")
LEEWAY = 1.5


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which parts (all)")
    parser.add_argument("--quick", action="store_true", help="fewer turns, the quick parts only")
    parser.add_argument("--write", action="store_true", help="write the documentation's figures")
    given = parser.parse_args()
    ran_on = report.machine()
    found = []
    for name in given.parts or (QUICK if given.quick else PARTS):
        for one in PARTS[name](quick=given.quick):
            print(one, flush=True)
            found.append(one)
    if given.write or not (given.parts or given.quick):
        report.write(found, ran_on)
    over = [one for one in found if isinstance(one, Bar) and one.is_worse(LEEWAY)]
    for bar in over:
        print(f"half again over its bar, or over what it was: {bar.name}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
