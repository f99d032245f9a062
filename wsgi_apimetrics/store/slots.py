"""Durations counted in slots, from which percentiles are read.

A slot is a twentieth longer than the one before it, so that a percentile read off the counts is
within 2.5 % of the true one, whatever the scale. The counts of one row of ``tally`` are one
value, pairs of a slot and its count, and SQLite adds them by a function of ours.
"""

from __future__ import annotations

import math
import sqlite3
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_GROWTH = math.log(1.05)
_SHORTEST = 1e-5
_PAIR = struct.Struct("<HQ")


def slot_of(duration: float) -> int:
    """Return the slot of a duration in seconds; 0 for anything under 10 µs."""
    if duration <= _SHORTEST:
        return 0
    return 1 + int(math.log(min(duration, 1e12) / _SHORTEST) / _GROWTH)


def duration_of(slot: int) -> float:
    """Return the middle of a slot, in seconds."""
    return _SHORTEST * math.exp((slot - 0.5) * _GROWTH) if slot else _SHORTEST


def percentile(slots: Iterable[tuple[int, int]], share: float) -> float | None:
    """Return the duration under which ``share`` of what was counted lies, in seconds.

    Args:
        slots: Slots and their counts, in the order of the slots.
        share: From 0 to 1.
    """
    counted = tuple(slots)
    rank = math.ceil(share * sum(count for _, count in counted))
    for slot, count in counted:
        rank -= count
        if rank <= 0:
            return duration_of(slot)
    return None


def pack(counts: Mapping[int, int]) -> bytes:
    """Return counts by slot as one value of the table."""
    return b"".join([_PAIR.pack(slot, count) for slot, count in counts.items()])


def unpacked(values: Iterable[bytes]) -> dict[int, int]:
    """Return the sum of several values of the table.

    >>> sorted(unpacked([pack({7: 1, 9: 2}), pack({9: 5})]).items())
    [(7, 1), (9, 7)]
    """
    counts: dict[int, int] = {}
    for value in values:
        for slot, count in _PAIR.iter_unpack(value):
            counts[slot] = counts.get(slot, 0) + count
    return counts


def register(connection: sqlite3.Connection) -> None:
    """Let a connection that writes add such values: ``added_slots(a, b)``."""
    connection.create_function("added_slots", 2, _added, deterministic=True)
    packed: Any = _Packed  # typeshed knows aggregates of one integer alone
    connection.create_aggregate("packed_slots", 2, packed)


def _added(first: bytes, second: bytes) -> bytes:
    return pack(unpacked((first, second))) if first and second else first or second


class _Packed:
    """Rows of a slot and its count, as the first version of the store had them, as one value."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def step(self, slot: int, count: int) -> None:
        self._counts[slot] += count

    def finalize(self) -> bytes:
        return pack(self._counts)
