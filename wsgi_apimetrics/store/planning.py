"""Choosing the index that a list walks: SQLite's own choice knows averages, not values.

A filter's matches are counted in its index up to a bound, which costs a millisecond. The filter
with the fewest drives, and its matches are sorted; if all have many, the list is walked
in its own order, by time, where matches come soon.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from .conditions import Condition, Filter

FEW = 10_000
"""Matches that may be looked up and sorted for one page."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A FROM and WHERE, with its parameters, that finds what a filter asks for."""

    source: str
    where: str
    parameters: tuple[Any, ...]


def plan(connection: sqlite3.Connection, wanted: Filter) -> Plan:
    """Choose how to look for what is ``wanted`` (its ``search`` left aside)."""
    conditions, times = wanted.conditions(), wanted.times()
    index = "exchange_started_at"
    fewest = FEW
    for condition in conditions:
        if condition[2] is None:
            continue
        count = count_up_to(connection, f"exchange INDEXED BY {condition[2]}", [condition, *times])
        if count < fewest:
            index, fewest = condition[2], count
    if index == "exchange_started_at":
        index = _in_order(conditions)
    where, parameters = joined([*conditions, *times])
    return Plan(f"exchange INDEXED BY {index}", where, parameters)


def count_up_to(
    connection: sqlite3.Connection, source: str, conditions: list[Condition], at_most: int = FEW
) -> int:
    """Count what meets ``conditions``, stopping at ``at_most``."""
    where, parameters = joined(conditions)
    return int(
        connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {where} LIMIT ?)",  # noqa: S608
            (*parameters, at_most),
        ).fetchone()[0]
    )


def joined(conditions: list[Condition]) -> tuple[str, tuple[Any, ...]]:
    """Return the conditions as one expression, and its parameters."""
    where = " AND ".join(f"({expression})" for expression, _, _ in conditions) or "1"
    return where, tuple(value for _, values, _ in conditions for value in values)


def _in_order(conditions: list[Condition]) -> str:
    """Return an index that gives matches by time: one of a single value, else all by time."""
    for expression, _, index in conditions:
        if index is not None and expression.endswith(" = ?"):
            return index
    return "exchange_started_at"
