"""Sealed blocks, asked with one filter: one block after the other, or about single exchanges."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from . import marks
from .conditions import Filter
from .marks import Block

Key = tuple[float, int]
"""``started_at`` and ``seq``: the place of an exchange in a list."""

_SINGLY = 64
"""Of a block's rows so many are looked up one by one; for more, all are read."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time range: ``since`` belongs to it, ``until`` does not."""

    since: float
    until: float

    def holds(self, block: Block) -> bool:
        """Whether all of a block is in it."""
        return self.since <= block.since and block.until < self.until

    def meets(self, block: Block) -> bool:
        """Whether some of a block may be in it."""
        return self.since <= block.until and block.since < self.until


class Walk:
    """Going through the sealed blocks with one filter."""

    def __init__(self, connection: sqlite3.Connection, wanted: Filter) -> None:
        self._connection = connection
        self._lookups = wanted.lookups()
        self._where, self._parameters = wanted.joined()
        self._span = Span(
            float("-inf") if wanted.since is None else wanted.since,
            float("inf") if wanted.until is None else wanted.until,
        )

    def blocks(self, after: Key | None) -> Iterator[Block]:
        """Yield the blocks in which something may be found, the newest first."""
        for block in marks.blocks(self._connection):
            if self._span.meets(block) and (after is None or block.since <= after[0]):
                yield block

    def bits(self, block: Block) -> tuple[int, int]:
        """Return the bits of what a block has for sure, and of what must be looked at."""
        bits, unsure = marks.look_up(self._connection, block.number, self._lookups)
        if self._span.holds(block):
            return bits & ~unsure, unsure
        return 0, bits if self._span.meets(block) else 0

    def meets(self, seq: int) -> bool:
        """Look at one exchange."""
        found = self._connection.execute(
            f"SELECT 1 FROM exchange NOT INDEXED WHERE seq = ? AND {self._where}",  # noqa: S608
            (seq, *self._parameters),
        )
        return found.fetchone() is not None

    def of_open(self, first: int, last: int, at_most: int) -> list[int]:
        """Return the newest of a range that meet every condition, whatever marks there are."""
        found = self._connection.execute(
            f"SELECT seq FROM exchange NOT INDEXED WHERE seq BETWEEN ? AND ? AND {self._where} "  # noqa: S608
            "ORDER BY seq DESC LIMIT ?",
            (first, last, *self._parameters, at_most),
        )
        return [seq for (seq,) in found]

    def count(self, block: Block) -> int:
        """Count what a block has."""
        sure, unsure = self.bits(block)
        return sure.bit_count() + (len(self._read(block, unsure)) if unsure else 0)

    def keys(self, block: Block, after: Key | None) -> list[Key]:
        """Return the places of what a block has."""
        bits, _ = marks.look_up(self._connection, block.number, self._lookups)
        found = self._read(block, bits) if bits else []
        return found if after is None else [key for key in found if key < after]

    def _read(self, block: Block, bits: int) -> list[Key]:
        """Return the places of those exchanges among ``bits`` that meet every condition."""
        query = "SELECT started_at, seq FROM exchange NOT INDEXED WHERE seq"
        if bits.bit_count() > _SINGLY:
            first = block.number << marks.BITS
            rows = self._connection.execute(
                f"{query} BETWEEN ? AND ? AND {self._where}",
                (block.first, block.last, *self._parameters),
            ).fetchall()
            return [key for key in rows if bits >> (key[1] - first) & 1]
        found = []
        for seq in marks.seqs(block.number, bits):
            found += self._connection.execute(
                f"{query} = ? AND {self._where}", (seq, *self._parameters)
            ).fetchall()
        return found


class Sieve:
    """Says of one exchange after the other whether it meets the conditions of a filter.

    What is asked for block by block costs no look at the exchange itself, unless its block is
    open, or its mark is not exact.
    """

    def __init__(self, connection: sqlite3.Connection, wanted: Filter) -> None:
        self._walk = Walk(connection, wanted)
        self._blocks = {block.number: block for block in marks.blocks(connection)}
        self._known: dict[int, tuple[int, int]] = {}

    def passes(self, seq: int) -> bool:
        """Whether the exchange is there, and meets the conditions."""
        number = seq >> marks.BITS
        sure, unsure = self._bits(number)
        bit = 1 << (seq - (number << marks.BITS))
        return bool(sure & bit or (unsure & bit and self._walk.meets(seq)))

    def among(self, bounds: tuple[int, int], at_most: int) -> list[int] | None:
        """Return what may pass from one ``seq`` to another, the newest first.

        ``None``: that is more than ``at_most``.
        """
        first, last = bounds
        found: list[int] = []
        for number in range(last >> marks.BITS, (first >> marks.BITS) - 1, -1):
            low = max(first, number << marks.BITS)
            high = min(last, ((number + 1) << marks.BITS) - 1)
            sure, unsure = self._bits(number)
            bits = sure | unsure
            if bits < 0:
                found += self._walk.of_open(low, high, at_most + 1)
            elif bits.bit_count() > at_most:
                return None
            else:
                found += (seq for seq in marks.seqs(number, bits) if low <= seq <= high)
            if len(found) > at_most:
                return None
        return found

    def _bits(self, number: int) -> tuple[int, int]:
        """Return what of a block passes, and what must be looked at: of an open one all."""
        known = self._known.get(number)
        if known is None:
            block = self._blocks.get(number)
            known = self._known[number] = (0, -1) if block is None else self._walk.bits(block)
        return known
