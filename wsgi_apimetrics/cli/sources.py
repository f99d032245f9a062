"""What can be replayed, as batches that go on where the last run stopped."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import jsonline
from ..backends.base import Parts
from ..delivery.spool_files import SpoolFile
from ..delivery.spool_schema import SpoolUnusable
from ..exceptions import ApiMetricsError
from ..jsonline import StoredExchange
from ..payload import Fragment
from ..store import Filter, Store, default_path

Prepare = Callable[[StoredExchange], "Fragment | None"]
"""Makes the fragment of an exchange; ``None`` if the backend has no place for it."""


class SpoolInUse(ApiMetricsError):
    """The spool can't be opened now; the text says why."""


@dataclass(frozen=True)
class Batch:
    """Fragments for one payload, and what to call once they are sent."""

    fragments: list[Fragment]
    done: Callable[[], None]


class Place:
    """How far a replay came, in a small file beside the default store.

    Args:
        source: What is replayed, by its path or its content.
        target: Where to. Each pair has a place of its own.
    """

    def __init__(self, source: str, target: str) -> None:
        digest = hashlib.sha256(f"{source}\0{target}".encode("utf-8", "surrogatepass")).hexdigest()
        self._path = default_path().with_name(f"replay-{digest[:16]}.json")

    def read(self) -> int:
        """Return the last position that was sent, 0 at the beginning."""
        return self._kept()[0]

    def read_in(self, store: Store) -> int:
        """Return the same, but 0 where ``store`` was made anew: then it is shorter, or other."""
        position, id_ = self._kept()
        line = store.line_at(position)
        if line is None:
            return position if position <= store.last_seq() else 0
        return position if jsonline.loads(line).exchange.id == id_ else 0

    def write(self, position: int, id_: str = "") -> None:
        """Keep a position, and the id of what is there; whole, or not at all."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"position": position, "id": id_}), "utf-8")
        fresh.replace(self._path)

    def _kept(self) -> tuple[int, str]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return int(kept["position"]), str(kept["id"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, ""

    def forget(self) -> None:
        """Begin at the beginning the next time."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # noqa: PTH108


def of_store(
    store: Store,
    wanted: Filter,
    prepare: Prepare,
    parts: Parts,
    place: Place,
) -> Iterator[Batch]:
    """Yield a store's exchanges, oldest first; those that came in meanwhile are left out."""
    end = store.last_seq()
    last = place.read_in(store)
    while last < end:
        found = store.newer(last, wanted, parts.limits.max_exchanges)
        found = tuple(one for one in found if one.seq <= end)
        if not found:
            return
        lines = (store.line_at(one.seq) for one in found)
        exchanges = [jsonline.loads(line) for line in lines if line is not None]
        last, id_ = found[-1].seq, found[-1].id
        fragments = _prepared(exchanges, prepare)
        yield from _within(parts, fragments, lambda: place.write(last, id_))  # noqa: B023 - called at once


def of_exchanges(
    exchanges: list[StoredExchange],
    prepare: Prepare,
    parts: Parts,
    place: Place,
) -> Iterator[Batch]:
    """Yield the exchanges of a file in their order."""
    done, step = place.read(), parts.limits.max_exchanges
    for start in range(done, len(exchanges), step):
        stop = start + step
        fragments = _prepared(exchanges[start:stop], prepare)
        yield from _within(parts, fragments, lambda: place.write(stop))  # noqa: B023 - called at once


@contextmanager
def of_spool(path: Path, parts: Parts) -> Iterator[Iterator[Batch]]:
    """Give a spool's exchanges; each is taken out once it is sent.

    Raises:
        SpoolInUse: it is damaged while others have it open, or of a newer version.
    """
    file = SpoolFile(str(path), "normal")
    try:
        spool, _ = file.open()
    except SpoolUnusable as error:
        raise SpoolInUse(f"{path}: {error}") from None
    try:
        spool.renew()

        # Who only looks takes nothing out: what was given is not given again.
        given: set[int] = set()

        def sent(positions: list[int]) -> None:
            spool.remove(positions)
            given.difference_update(positions)

        def batches() -> Iterator[Batch]:
            while rows := spool.take(parts.limits, frozenset(given)):
                intact = [row.fragment for row in rows if row.intact]
                positions = [row.position for row in rows]
                given.update(positions)
                yield Batch(intact, partial(sent, positions))

        yield batches()
    finally:
        spool.close()
        file.let_go()


def _prepared(exchanges: list[StoredExchange], prepare: Prepare) -> list[Fragment]:
    found = (prepare(exchange) for exchange in exchanges)
    return [fragment for fragment in found if fragment is not None]


def _within(parts: Parts, fragments: list[Fragment], done: Callable[[], None]) -> Iterator[Batch]:
    """Split by the backend's bound on bytes; only the last part moves the place on."""
    batch: list[Fragment] = []
    room = parts.limits.max_bytes
    for fragment in fragments:
        size = len(fragment.content)
        if batch and size > room:
            yield Batch(batch, lambda: None)
            batch, room = [], parts.limits.max_bytes
        batch.append(fragment)
        room -= size
    yield Batch(batch, done)
