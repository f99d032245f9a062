"""Memory: what a large upload or download adds to the process, and what one open exchange holds.

Each figure comes from a process of its own (``python -m bench.memory KIND WRAPPER``), as the
growth of its resident set, less what the same growth is around the bare app.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from wsgi_apimetrics import ApiMetricsMiddleware

from . import exchanges
from .processes import ROOT
from .request_thread import quiet
from .results import Bar, Table

GIB = 1024**3
CHUNK = 64 * 1024
CAP_MIB = 0.25
OPEN = 10_000
STREAMED = 32


class Upload:
    """A stream of as many bytes as it was made for."""

    def __init__(self, size):
        self._left = size

    def read(self, size=CHUNK):
        size = min(size, self._left)
        self._left -= size
        return bytes(size)


def reading_app(environ, start_response):
    while environ["wsgi.input"].read(CHUNK):
        pass
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"read"]


def upload(wrap, size):
    environ = exchanges.environ(**{"wsgi.input": Upload(size), "CONTENT_LENGTH": str(size)})
    exchanges.serve(wrap(reading_app), [environ])


def download(wrap, size):
    app = wrap(exchanges.streaming_app(size // CHUNK, CHUNK))
    exchanges.serve(app, [exchanges.environ()])


def streams(wrap, count):
    """Have so many responses under way at once, each after its first chunk."""
    app = wrap(exchanges.streaming_app(3, STREAMED))
    under_way = [iter(app(exchanges.environ(), exchanges.ignore)) for _ in range(count)]
    for one in under_way:
        next(one)
    return under_way


KINDS = {"upload": (upload, GIB), "download": (download, GIB), "streams": (streams, OPEN)}


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def growth(kind, wrapper):
    """Return by how many bytes the process grew (for transfers: at its largest)."""
    wraps = {"bare": lambda app: app, "ours": lambda app: ApiMetricsMiddleware(app, quiet())}
    run, size = KINDS[kind]
    run(wraps[wrapper], 1024 * 1024 if size == GIB else 10)  # what any first request costs
    before = resident()
    held = run(wraps[wrapper], size)
    if held is not None:
        return resident() - before
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before


def measured(kind, wrapper):
    said = subprocess.run(
        [sys.executable, "-m", "bench.memory", kind, wrapper],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return json.loads(said)


def measure(quick=False):
    """Yield the bars and tables of this part."""
    rows = []
    for kind in ("upload", "download"):
        added = (measured(kind, "ours") - measured(kind, "bare")) / 1024**2
        rows.append((f"1 GiB {kind}", f"{added:.2f} MiB over the bare app"))
        yield Bar(f"1 GiB {kind}: over the cap of {CAP_MIB} MiB", max(0, round(added - CAP_MIB)), 1,
                  0.5, "MiB")  # fmt: skip
    each = (measured("streams", "ours") - measured("streams", "bare")) / OPEN
    rows.append((f"{OPEN:,} open streams", f"{each:,.0f} bytes each over the bare app"))
    yield Table("memory", "Memory", ("", "added"), rows)


if __name__ == "__main__":
    print(json.dumps(growth(*sys.argv[1:])))
