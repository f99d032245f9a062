"""The inspector's pages over HTTP, served by a process of its own: times, and its memory."""

from __future__ import annotations

import contextlib
import http.client
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

from wsgi_apimetrics.store import Filter, Store

from .results import Bar

TOKEN = "a-token-for-the-benchmark"
SERVE = f"""
import sys
from pathlib import Path
from wsgi_apimetrics.inspector.server import serve
serve(Path(sys.argv[1]), token={TOKEN!r})
"""


def pages(path, words, routes):
    """Yield a bar for each page, with other values each time, and one for the server's memory."""
    chance = random.Random(9)
    ids, callers = _known(path)

    def word() -> str:
        return chance.choice(words)

    addresses = {
        "overview, an hour": (500, lambda: "/?last=1h"),
        "overview, a day": (500, lambda: "/?last=24h"),
        "overview, everything": (500, lambda: "/?last=all"),
        "list": (50, lambda: "/exchanges"),
        "list, by status": (
            50,
            lambda: f"/exchanges?status={chance.choice(('200', '404', '5xx', '404,5xx'))}",
        ),
        "list, by caller": (50, lambda: f"/exchanges?caller={quote(chance.choice(callers))}"),
        "list, by route and status": (
            50,
            lambda: f"/exchanges?status=500&route={quote(chance.choice(routes))}",
        ),
        "list, slower than, 404": (
            50,
            lambda: f"/exchanges?status=404&slower={chance.randrange(200, 400)}",
        ),
        "list, nothing meets": (50, lambda: "/exchanges?method=GET&framework=none"),
        "search": (50, lambda: f"/exchanges?q={word()}"),
        "search, two words": (50, lambda: f"/exchanges?q={word()}+{word()}"),
        "search, the start of a word": (50, lambda: f"/exchanges?q={word()[:-1]}*"),
        "search, in 404": (50, lambda: f"/exchanges?status=404&q={word()}"),
        "search, a start in a path": (50, lambda: f"/exchanges?q=user+path:api/v1/{word()[:2]}*"),
        "search, words that never meet": (50, lambda: "/exchanges?q=%22json+application%22"),
        "one exchange": (50, lambda: f"/exchanges/{chance.choice(ids)}"),
        "callers": (500, lambda: "/callers?last=all"),
        "one caller": (500, lambda: f"/callers/one?id={quote(chance.choice(callers))}"),
    }
    with _served(path) as (process, address):
        for name, (bar, make) in addresses.items():
            times = [_fetched(address, make()) for _ in range(31)]
            # The first opens files and fills caches.
            ordered = sorted(times[1:])
            yield Bar(f"page: {name}, p95", ordered[28] * 1000, bar, 1, "ms")
        yield Bar("memory of the inspector's server", _peak_mb(process.pid), 200, 1, "MB")


def _known(path):
    """Some ids from all over the store, and its callers."""
    with Store(path) as store:
        since, until = store.span()
        step = (until - since) / 40
        found = [store.page(Filter(until=since + n * step), size=1).summaries for n in range(1, 40)]
        return (
            [one.id for several in found for one in several],
            [one.id for one in store.callers(since, until, 50)],
        )


@contextlib.contextmanager
def _served(path):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        while True:
            found = re.search(r"http://\S+?(?=/\?token)", process.stdout.readline())
            if found:
                break
        yield process, urlsplit(found[0]).netloc
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _fetched(address, target):
    """Fetch a page as a browser that was let in does; seconds until its last byte."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection(address)
    with contextlib.closing(connection):
        connection.request("GET", target, headers={"Cookie": _cookie(address)})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{target}: {answer.status}: {content[:200]!r}")
    return time.perf_counter() - begun


_cookies = {}


def _cookie(address):
    if address not in _cookies:
        connection = http.client.HTTPConnection(address)
        with contextlib.closing(connection):
            connection.request("GET", f"/?token={TOKEN}")
            _cookies[address] = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
    return _cookies[address]


def _peak_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
