"""What every page is made from: the request, the store, the time range, the addresses."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Request

from ..store import Store
from .ranges import TimeRange, time_range
from .streams import Streams


@dataclass(frozen=True, slots=True)
class Source:
    """A store to show, and below which path its pages are."""

    path: Path
    prefix: str

    @property
    def is_ingested(self) -> bool:
        """Whether this was sent by somebody's SDK: not redacted by us."""
        return bool(self.prefix)


@dataclass(frozen=True, slots=True)
class Context:
    """One request's page, before its content.

    Attributes:
        has_ingest: Whether there is an ingested store to go to.
        streams: Those that are open in this process.
        now: Unix time in seconds; every "ago" of a page is from here.
    """

    request: Request
    source: Source
    has_ingest: bool
    streams: Streams
    store: Store | None = None
    now: float = field(default_factory=time.time)

    def opened(self, store: Store) -> Context:
        """Return the same with its store."""
        return dataclasses.replace(self, store=store)

    @property
    def reading(self) -> Store:
        """The store; there is one in every view."""
        assert self.store is not None
        return self.store

    @property
    def may_stream(self) -> bool:
        """Whether a page may ask for a stream here."""
        return self.streams.suit(self.request.environ)

    def arg(self, name: str, default: str = "") -> str:
        """Return a parameter of the address."""
        return self.request.args.get(name, default)

    def range(self) -> TimeRange:
        """Return the time range that the address asks for."""
        return time_range(self.request.args, self.store, self.now)

    def url(self, path: str = "", **query: Any) -> str:
        """Return the address of a page of this store, keeping the time range."""
        kept = [(name, self.arg(name)) for name in ("last", "since", "until") if self.arg(name)]
        given: list[tuple[str, str]] = []
        for name, value in query.items():
            many = value if isinstance(value, (list, tuple)) else [value]
            given += [(name, str(one)) for one in many if one not in (None, "")]
        return self.plain_url(f"{self.source.prefix}/{path}", [*kept, *given])

    def plain_url(self, path: str, query: Iterable[tuple[str, str]] = ()) -> str:
        """Return an address below the inspector, whatever it is mounted at."""
        pairs = urlencode(list(query))
        return quote(self.request.root_path) + quote(path) + (f"?{pairs}" if pairs else "")

    def same(self, **changed: Any) -> str:
        """Return this page's address with some parameters changed (``None``: left out)."""
        pairs = [
            (name, value)
            for name, value in self.request.args.items(multi=True)
            if name not in changed
        ]
        pairs += [(name, str(value)) for name, value in changed.items() if value is not None]
        return self.plain_url(self.request.path, pairs)
