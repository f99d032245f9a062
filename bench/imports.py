"""What importing and building the middleware adds to a process that has werkzeug and urllib3."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

from .processes import ROOT
from .results import Bar

COMMON = "import werkzeug, urllib3\n"
OURS = (
    "from wsgi_apimetrics import ApiMetricsMiddleware, ReadMe\n"
    "ApiMetricsMiddleware(print, ReadMe(api_key='k', grouping_function=print))\n"
)
TIMED = "import time; print(time.process_time())"
LIMIT_MS = 20


def measure(quick=False):
    """Yield the bar of this part."""
    times = {"common": [], "ours": []}
    with tempfile.TemporaryDirectory() as compiled:  # as an installed package is
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _once(COMMON + OURS, environment)
        for _ in range(5 if quick else 15):
            times["common"].append(_once(COMMON, environment))
            times["ours"].append(_once(COMMON + OURS, environment))
    turns = zip(times["common"], times["ours"], strict=True)
    added = statistics.median(ours - common for common, ours in turns)
    yield Bar("import, over werkzeug and urllib3 (bar: 20 ms)", added, LIMIT_MS, 1, "ms")


def _once(code, environment):
    """Return the milliseconds of processor time of a process that runs ``code``."""
    said = subprocess.run(
        [sys.executable, "-c", code + TIMED],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return float(said) * 1000
