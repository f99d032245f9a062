"""What a measurement comes to: a ratio, and the bar that it is held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One ratio with the most that it may be.

    ``value`` and ``base`` are in ``unit``; ``at_least`` turns the bar round. ``missed_at`` is the
    ratio at which a bar was missed when this was written: it is not to grow from there.
    """

    name: str
    value: float
    base: float
    limit: float
    unit: str = "us"
    at_least: bool = False
    missed_at: float | None = None

    @property
    def ratio(self):
        """How many times the base."""
        return self.value / self.base if self.base else float("inf")

    def holds(self):
        """Whether the ratio is within the bar."""
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def is_worse(self, leeway):
        """Whether it is further off than it may be, and than it was."""
        limit = self.limit if self.missed_at is None else self.missed_at
        return self.ratio < limit / leeway if self.at_least else self.ratio > limit * leeway

    def __str__(self):
        sign = ">=" if self.at_least else "<="
        mark = "ok  " if self.holds() else "OVER"
        return (
            f"{mark}  {self.name:58} {self.value:10.2f} / {self.base:10.2f} {self.unit:4}"
            f" = {self.ratio:5.2f}  ({sign} {self.limit:g})"
        )


@dataclass(frozen=True)
class Table:
    """Figures that are shown, under ``name`` in the documentation."""

    name: str
    title: str
    heads: tuple
    rows: list

    def __str__(self):
        widths = [
            max(len(row[i]) for row in (self.heads, *self.rows)) for i in range(len(self.heads))
        ]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in (self.heads, *self.rows)
        ]
        return "\n".join([f"-- {self.title}", *lines])


@dataclass(frozen=True)
class Plot:
    """Points to draw, under ``name`` in the documentation; ``across`` and ``up`` name the axes."""

    name: str
    across: str
    up: str
    points: list

    def __str__(self):
        points = ", ".join(f"{x:,}: {y:,.0f}" for x, y in self.points)
        return f"-- {self.up} by {self.across}\n   {points}"
