"""The store and its pages: writing, lists, searches, overview, pruning, at a million exchanges.

``python -m bench store`` fills a store in a temporary directory, which takes minutes; ``--quick``
has 20,000 exchanges. ``python -m bench.store --keep DIRECTORY`` fills it once and uses it again.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import threading
import time
import uuid
from pathlib import Path

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.exchange import Body, Exchange, Group, Request, Response, Timings
from wsgi_apimetrics.inspector.views.exchanges import SOON
from wsgi_apimetrics.store import Filter, Limits, Store, Writer

from . import inspector
from .results import Bar

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf")
WORDS = [f"{name}{number}" for name in NAMES for number in range(400)]
ROUTES = [f"/api/v1/{name}/<int:id>" for name in WORDS[:60]]
WEEK = 7 * 86400.0
UNBOUNDED = Limits(max_bytes=1 << 40)


def exchange(number: int, of: int, chance: random.Random, now: float) -> bytes:
    """One exchange of about 2 kB, as a line."""
    words = " ".join(chance.choices(WORDS, k=60))
    content = json.dumps({"id": number, "text": words, "more": {"of": number % 97}}).encode()
    status = chance.choices((200, 201, 404, 500), (90, 6, 3, 1))[0]
    route = chance.choice(ROUTES)
    headers = (
        ("Host", "api.example.com"),
        ("Accept", "application/json"),
        ("User-Agent", f"client/{number % 50}.1"),
        ("Accept-Encoding", "gzip, deflate"),
        ("X-Request-Id", str(number)),
    )
    return jsonline.dumps(
        Exchange(
            id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            started_at=now - (of - number) * (6.5 * 86400 / of),
            request=Request(
                chance.choice(("GET", "GET", "GET", "POST")),
                "https",
                "api.example.com",
                route.replace("<int:id>", str(number)),
                f"page={number % 9}",
                headers=headers,
                client_address=f"192.0.2.{number % 250}",
            ),
            response=Response(
                status,
                "OK",
                (("Content-Type", "application/json"), ("Content-Length", str(len(content)))),
                Body(content, len(content), len(content), "application/json"),
            ),
            timings=Timings(chance.lognormvariate(-4, 1), 0.001),
            group=Group(f"sha512-caller-{number % 500}", f"Caller {number % 500}"),
            route=route,
            framework="flask",
        )
    )


def fill(path, exchanges):
    """Write them all, indexed."""
    chance, now = random.Random(1), time.time()
    writer = Writer(path, UNBOUNDED)
    for start in range(0, exchanges, 500):
        stop = min(start + 500, exchanges)
        writer.append(exchange(n, exchanges, chance, now) for n in range(start, stop))
        writer.index(60)
    writer.index(600)
    writer.close()


def writing(path, what):
    """Write batches of 100, with the index kept up and with it following behind."""
    chance, now = random.Random(), time.time()
    writer = Writer(path, UNBOUNDED)
    sample = [exchange(10**6 - n, 10**6, chance, now) for n in range(10_000)]
    kept_up = _rate(writer, sample[:5000], index=True)
    behind = _rate(writer, sample[5000:], index=False)
    writer.index(600)
    writer.close()
    yield Bar(f"{what}: written and indexed", kept_up, 2000, 1, "/s", at_least=True)
    yield Bar(f"{what}: written, the index behind", behind, 5000, 1, "/s", at_least=True)


def _rate(writer, lines, *, index):
    begun = time.perf_counter()
    for start in range(0, len(lines), 100):
        writer.append(lines[start : start + 100])
        if index:
            writer.index(60)
    return len(lines) / (time.perf_counter() - begun)


def reading(path):
    """Lists, searches and the overview, each many times with other values."""
    chance, now = random.Random(3), time.time()
    store = Store(path)
    store.page(Filter())
    far = _cursor_of(now - chance.random() * 6 * 86400)

    def word() -> str:
        return chance.choice(WORDS)

    def sometime() -> float:
        return now - chance.random() * 6 * 86400

    filters = {
        "newest": Filter,
        "by status": lambda: Filter(status=(chance.choice((200, 404, 500, 418)),)),
        "by status and route": lambda: Filter(status=(500,), endpoint=(chance.choice(ROUTES),)),
        "by caller": lambda: Filter(caller=(_caller(chance),)),
        "by method, an hour": lambda: Filter(
            method=("POST",), since=(start := sometime()), until=start + 3600
        ),
        "two methods, 4xx and 5xx": lambda: Filter(
            method=("GET", "POST"), status_class=(4, 5), until=sometime()
        ),
        "slower than": lambda: Filter(min_duration=chance.choice((0.01, 0.1, 1.0))),
        "slower than, 404": lambda: Filter(min_duration=0.3, status=(404,)),
        "path begins": lambda: Filter(path=f"/api/v1/{chance.choice(WORDS[:60])}/*"),
        "address": lambda: Filter(client_address=f"192.0.2.{chance.randrange(255)}"),
        "nothing meets": lambda: Filter(method=("GET",), host=("api.example.com",), framework="x"),
        "search a word": lambda: Filter(search=word()),
        "search three letters*": lambda: Filter(search=word()[:3] + "*"),
        "search a start*": lambda: Filter(search=word()[:-1] + "*"),
        "search four letters*": lambda: Filter(search=chance.choice(NAMES[:2])[:4] + "*"),
        "search two words": lambda: Filter(search=f"{word()} {word()}"),
        "search a phrase": lambda: Filter(search=f'"{word()} {word()}"'),
        "search a rare number": lambda: Filter(search=str(chance.randrange(10**6))),
        "search in 404": lambda: Filter(search=word(), status=(404,)),
        "search in an hour": lambda: Filter(
            search=word(), since=(start := sometime()), until=start + 3600
        ),
        "search, nothing meets": lambda: Filter(search="json", framework="none"),
        "search of one caller": lambda: Filter(search=word(), caller=(_caller(chance),)),
    }
    for name, make in filters.items():
        yield _p95(name, [_once(lambda make=make: store.page(make())) for _ in range(40)], 50)
    yield from _dear(store, word)
    yield _p95("a page deep down", [_once(lambda: store.page(cursor=far)) for _ in range(40)], 50)
    for days in (1 / 24, 1, 7):
        times = [
            _once(lambda days=days: store.overview(now - days * 86400, now)) for _ in range(10)
        ]
        yield _p95(f"overview of {days:.2g} days", times, 500)
    yield _p95("callers", [_once(lambda: store.callers(now - WEEK, now)) for _ in range(10)], 500)
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Bar("memory of the process that reads", peak, 200, 1, "MB")


def _caller(chance) -> str:
    return f"sha512-caller-{chance.randrange(600)}"


def _dear(store, word):
    """Searches that have no quick way: what the inspector gets of them, a page and its count."""
    typed = {
        "a start in a path": lambda: f"user path:api/v1/{word()[:2]}*",
        "words of elsewhere in a path": lambda: f"path:{word()[:-1]}*",
        "a start in headers": lambda: f"header:{word()[:2]}*",
        "a word of elsewhere in bodies": lambda: "body:accept",
        "words that never meet": lambda: '"json application"',
        "a common word without another": lambda: "json -api",
        "a common word without a start": lambda: f"json -{word()[:2]}*",
        "two starts": lambda: f"{word()[:-1]}* {word()[:2]}*",
        "seven starts": lambda: "a* b* c* d* e* f* g*",
        "a phrase and a start": lambda: f'"{word()} {word()[:3]}"*',
        "two digits*": lambda: "12*",
        "another script's letter*": lambda: f"{word()[0]}\u0301*",
    }
    for name, make in typed.items():
        times = [_once(lambda make=make: _hurried(store, make())) for _ in range(40)]
        yield _p95(f"search, dear: {name}", times, 50)


def _hurried(store, typed) -> None:
    wanted = Filter(search=typed)
    store.page(wanted, seconds=SOON)
    store.at_least(wanted, 10_000, SOON / 2)


def pruning(path):
    """Another writer writes while the oldest go."""
    pruner = Writer(path, Limits(max_bytes=1 << 40, max_age_seconds=6.4 * 86400))
    writer = Writer(path, Limits(max_bytes=1 << 40))
    chance, now = random.Random(), time.time()
    lines = [exchange(10**6 - n, 10**6, chance, now) for n in range(3000)]
    writer.append(lines[:1])
    over = threading.Event()

    def prune() -> None:
        while not over.is_set():
            pruner.prune(0.02)

    before = Store(path).extent().exchanges
    alone = [_once(lambda n=n: writer.append(lines[n : n + 10])) for n in range(0, 1000, 10)]
    thread = threading.Thread(target=prune)
    thread.start()
    times = []
    for start in range(1000, 3000, 10):
        times.append(_once(lambda start=start: writer.append(lines[start : start + 10])))
        time.sleep(0.01)
    over.set()
    thread.join()
    gone = before + 3000 - Store(path).extent().exchanges
    yield _p95("a write alone", alone, 50)
    yield _p95(f"a write while {gone} are pruned", times, 50)
    yield Bar(f"a write while {gone} are pruned, longest", max(times) * 1000, 50, 1, "ms")


def _cursor_of(when: float) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps([when, 1]).encode()).decode()


def _once(action) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _p95(name, times, bar):
    ordered = sorted(times)
    return Bar(f"{name}, p95", ordered[int(len(ordered) * 0.95) - 1] * 1000, bar, 1, "ms")


def measure(*, quick=False):
    """Yield every bar, on a store of its own."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "bench.sqlite"
        yield from writing(path, "an empty store")
        fill(path, 20_000 if quick else 1_000_000)
        yield from at_size(path)


def at_size(path):
    """Yield the bars of a store that is filled."""
    yield from reading(path)
    yield from inspector.pages(path, WORDS, ROUTES)
    yield from writing(path, "a full store")
    yield from pruning(path)


def main():
    """Use a store again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True)
    path = parser.parse_args().keep / "bench.sqlite"
    if not path.exists():
        fill(path, 1_000_000)
    for bar in at_size(path):
        print(bar, flush=True)


if __name__ == "__main__":
    main()
