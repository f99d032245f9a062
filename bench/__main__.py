"""Run the measurements and print each ratio beside its bar.

``--quick`` is for every day, and for CI, where it ends with 1 when a ratio is more than half
again its bar.
"""

from __future__ import annotations

import argparse
import sys

from . import peers, request_thread, store
from .results import Bar

PARTS = {
    "request": request_thread.measure,
    "peers": peers.measure,
    "store": store.measure,
}
QUICK = ("request", "peers")
LEEWAY = 1.5


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which parts (all)")
    parser.add_argument("--quick", action="store_true", help="fewer turns, the quick parts only")
    given = parser.parse_args()
    bars = []
    for name in given.parts or (QUICK if given.quick else PARTS):
        for found in PARTS[name](quick=given.quick):
            print(found, flush=True)
            if isinstance(found, Bar):
                bars.append(found)
    return 0 if all(bar.holds(LEEWAY) for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
