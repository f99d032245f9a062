"""Reading: the one way to look at a store, live, while others write to it.

Lists come newest first in pages; the place where a page ends is a key, not a number of rows, so
that a page deep down costs what the first does, and nothing moves while new exchanges come.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .. import jsonline
from ..jsonline import StoredExchange
from . import listing, marks, searching, starts
from .callers import Caller, CallerDetail, caller_detail, frequent_callers
from .conditions import EVERYTHING, Filter
from .connection import open_for_reading, translated
from .indexing import indexed
from .overview import Overview, overview
from .paging import Page, Place
from .retention import used_bytes
from .rows import Summary, summary

PAGE = 50


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is in a store.

    Attributes:
        used_bytes: Of the file; free pages in it do not count.
        oldest: The first exchange's ``started_at``; ``newest`` the last one's.
        unindexed: How many exchanges the full-text index does not know yet.
        label: What the writer said about the store as a whole.
    """

    path: Path
    exchanges: int
    used_bytes: int
    oldest: float | None
    newest: float | None
    unindexed: int
    label: str | None


class Store:
    """Read the store at ``path``.

    Opens its own read-only connection; use one per thread. A context manager.

    Raises:
        StoreError: there is no store, or it is not ours, damaged, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_for_reading(path)
        self._prepared: tuple[tuple[str, int], starts.Search | None] = (("", -1), None)

    def __enter__(self) -> Store:  # noqa: PYI034 - typing.Self is of Python 3.11
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. May be called more than once."""
        self._connection.close()

    def page(
        self,
        wanted: Filter = EVERYTHING,
        cursor: str | None = None,
        size: int = PAGE,
        seconds: float = math.inf,
    ) -> Page:
        """Return one page of what is ``wanted``, newest first.

        Without a search the order is that of ``started_at``; with one it is the order in
        which the store got them. It ends after about so many ``seconds``, unless the
        ``cursor`` is that of a page that had ended so.

        Raises:
            ValueError: the ``cursor`` is none of ours.
        """
        place = None if cursor is None else Place.read(cursor)
        with self._reading() as connection:
            if wanted.search.strip():
                return self._searched(connection, wanted, place, size, seconds)
            after = place.key if place else None
            is_patient = place is not None and place.is_patient
            limit = math.inf if is_patient else seconds
            rows, reached = listing.rows(connection, wanted, after, size + 1, limit)
        summaries = tuple(summary(row) for row in rows)[:size]
        if len(rows) > size:
            last = (summaries[-1].started_at, summaries[-1].seq)
            return Page(summaries, Place(last, is_patient).cursor())
        if reached is None:
            return Page(summaries, None)
        return Page(summaries, Place(reached, is_patient=True).cursor(), is_cut=True)

    def _searched(
        self,
        connection: sqlite3.Connection,
        wanted: Filter,
        place: Place | None,
        size: int,
        seconds: float,
    ) -> Page:
        search = self._search(wanted)
        if search is None:
            return Page((), None)
        is_patient = place is not None and place.is_patient
        before = place.key[1] if place else None
        limit = math.inf if is_patient else seconds
        found = searching.find(connection, search, wanted, before, size + 1, limit)
        seqs = found.seqs[:size]
        summaries = self._summaries(seqs)
        if len(found.seqs) > size:
            return Page(summaries, Place((0.0, seqs[-1]), is_patient).cursor())
        if found.is_all:
            return Page(summaries, None)
        further = Place((0.0, found.reached), is_patient=True)
        return Page(summaries, further.cursor(), is_cut=True)

    def count(self, wanted: Filter = EVERYTHING, at_most: int = 10_000) -> int:
        """Count what is ``wanted``, stopping at ``at_most``: "10,000 or more"."""
        return self.at_least(wanted, at_most)[0]

    def at_least(self, wanted: Filter, at_most: int, seconds: float = math.inf) -> tuple[int, bool]:
        """Return how many there are at least of what is ``wanted``, and whether that is all.

        It stops at ``at_most``, and after about so many ``seconds``.
        """
        with self._reading() as connection:
            if not wanted.search.strip():
                return listing.count(connection, wanted, at_most, seconds)
            search = self._search(wanted)
            if search is None:
                return 0, True
            return searching.count(connection, search, wanted, at_most, seconds)

    def newer(
        self,
        seq: int,
        wanted: Filter = EVERYTHING,
        at_most: int = 500,
    ) -> tuple[Summary, ...]:
        """Return what came after ``seq``, oldest first: for following a store live.

        A ``search`` finds an exchange once it is indexed, so follow from the last ``seq`` seen.
        """
        with self._reading() as connection:
            if wanted.search.strip():
                search = self._search(wanted)
                if search is None:
                    return ()
                return self._summaries(searching.newer(connection, search, wanted, seq, at_most))
            return tuple(summary(row) for row in listing.newer(connection, wanted, seq, at_most))

    def last_seq(self) -> int:
        """Return the newest exchange's ``seq``, 0 if there is none."""
        with translated(self.path):
            found = self._connection.execute("SELECT max(seq) FROM exchange").fetchone()[0]
        return int(found or 0)

    def last_indexed(self) -> int:
        """Return the ``seq`` up to which a search finds what there is."""
        with translated(self.path):
            return indexed(self._connection)

    def line(self, id_: str) -> bytes | None:
        """Return the exchange ``id_`` as its line of JSON, ``None`` if it is not there."""
        with self._reading() as connection:
            seq = listing.seq_of(connection, id_)
            return None if seq is None else self.line_at(seq)

    def line_at(self, seq: int) -> bytes | None:
        """Return the line of the exchange with this :attr:`Summary.seq`: quicker than by its id."""
        with translated(self.path):
            found = self._connection.execute(
                "SELECT line FROM record WHERE seq = ?", (seq,)
            ).fetchone()
        return zlib.decompress(found[0]) if found else None

    def get(self, id_: str) -> StoredExchange | None:
        """Return the exchange ``id_`` whole, ``None`` if it is not there."""
        line = self.line(id_)
        return None if line is None else jsonline.loads(line)

    def summary(self, id_: str) -> Summary | None:
        """Return the exchange ``id_`` as in a list, ``None`` if it is not there."""
        with self._reading() as connection:
            seq = listing.seq_of(connection, id_)
            rows = [] if seq is None else listing.by_keys(connection, [(0.0, seq)])
        return summary(rows[0]) if rows else None

    def starting_with(self, prefix: str, at_most: int = 10) -> tuple[str, ...]:
        """Return the ids that begin with ``prefix``, so that a user may type a part."""
        with self._reading() as connection:
            return tuple(listing.ids_from(connection, prefix, at_most))

    def children(self, id_: str) -> tuple[Summary, ...]:
        """Return the calls that were made during the exchange ``id_``, in their order."""
        with self._reading() as connection:
            rows, _ = listing.rows(connection, Filter(parent_id=id_), None, 1000)
        return tuple(summary(row) for row in reversed(rows))

    def lines(self, wanted: Filter = EVERYTHING) -> Iterator[bytes]:
        """Yield the lines of all that is ``wanted``, newest first, however many there are."""
        cursor = None
        while True:
            page = self.page(wanted, cursor, size=200)
            for one in page.summaries:
                line = self.line_at(one.seq)
                if line is not None:
                    yield line
            cursor = page.next_cursor
            if cursor is None:
                return

    def overview(self, since: float, until: float, endpoints: int = 10) -> Overview:
        """Return what happened between two Unix times, and in as long a time before.

        The times are widened to whole minutes.
        """
        with translated(self.path):
            return overview(self._connection, since, until, endpoints)

    def callers(self, since: float, until: float, at_most: int = 100) -> tuple[Caller, ...]:
        """Return who called between two Unix times, the most frequent first."""
        with translated(self.path):
            return frequent_callers(self._connection, since, until, at_most)

    def caller(self, id_: str, since: float, until: float) -> CallerDetail | None:
        """Return what one caller did between two Unix times; ``None``: never heard of."""
        with translated(self.path):
            return caller_detail(self._connection, id_, since, until)

    def span(self) -> tuple[float, float] | None:
        """Return ``started_at`` of the oldest and of the newest exchange, if there is one."""
        with translated(self.path):
            ends = [
                self._connection.execute(f"SELECT {which}(started_at) FROM exchange").fetchone()[0]  # noqa: S608
                for which in ("min", "max")
            ]
        return None if ends[0] is None else (ends[0], ends[1])

    def extent(self) -> Extent:
        """Return how much there is."""
        with self._reading() as connection:
            exchanges = marks.exchanges(connection)
            oldest = connection.execute("SELECT min(started_at) FROM exchange").fetchone()[0]
            newest = connection.execute("SELECT max(started_at) FROM exchange").fetchone()[0]
            label = connection.execute("SELECT value FROM state WHERE name = 'label'").fetchone()
            behind = connection.execute(
                "SELECT count(*) FROM record WHERE seq > ?", (indexed(connection),)
            ).fetchone()[0]
            used = used_bytes(connection)
        return Extent(
            self.path, exchanges, used, oldest, newest, behind, label[0] if label else None
        )

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """See one state of the store, whatever others write meanwhile."""
        with translated(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                # What went wrong may have ended it.
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def _summaries(self, seqs: list[int]) -> tuple[Summary, ...]:
        rows = listing.by_keys(self._connection, [(0.0, seq) for seq in seqs])
        return tuple(summary(row) for row in rows)

    def _search(self, wanted: Filter) -> starts.Search | None:
        """Return how to search; a page and its count ask for the same."""
        key = (wanted.search, indexed(self._connection))
        if self._prepared[0] != key:
            self._prepared = (key, starts.prepare(self._connection, wanted.search))
        return self._prepared[1]
