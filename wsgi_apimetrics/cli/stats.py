"""``stats``: a time range at one glance, and what changed against the one before."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable
from pathlib import Path

import click
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..store.overview import Overview, Period, Value
from .choices import When, json_option, opened, store_option
from .listing import table, who
from .terminal import clock, console, seconds, shown, size, status_style

_BARS = " ▁▂▃▄▅▆▇█"
_HOUR = 3600.0


@click.command("stats", short_help="Rates, errors, percentiles, tops.")
@click.option("--since", type=When(), help="From this time on (default: an hour ago): 15m, 2h.")
@click.option("--until", type=When(), help="Before this time (default: now).")
@click.option("--top", default=10, type=click.IntRange(1, 100), help="So many of each list.")
@store_option
@json_option
def stats_command(
    since: float | None, until: float | None, top: int, store_path: Path | None, as_json: bool
) -> None:
    """Requests a minute, errors, percentiles, top routes and callers, slowest and largest."""
    end = until if until is not None else time.time()
    start = since if since is not None else end - _HOUR
    if start >= end:
        raise click.UsageError("--since must be before --until")
    with opened(store_path) as store:
        seen = store.overview(start, end, top)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(seen)))
    else:
        draw(console(), seen)


def draw(out: Console, seen: Overview, *, lists: bool = True) -> None:
    """Print an overview; without its ``lists``, only the figures and the tops."""
    totals = seen.now.totals
    out.print(
        Text.assemble(
            (f"{totals.count:,} exchanges", "bold"),
            (f"  {clock(seen.now.since)} to {clock(seen.now.until)}", "dim"),
            "  ",
            (_plot(seen), "blue"),
        )
    )
    out.print(_figures(seen.now, seen.before))
    if not totals.count:
        return
    out.print()
    columns = [_values("endpoint", seen.endpoints), _statuses(seen.statuses)]
    if seen.callers:
        columns.insert(1, _callers(seen.callers))
    out.print(Columns(columns, padding=(0, 4)))
    if lists:
        out.print()
        out.print(table(seen.slowest[:5], title="slowest"))
        out.print()
        out.print(table(seen.largest[:5], title="largest"))


def _plot(seen: Overview) -> str:
    """Return requests a step as a row of bars, empty steps too."""
    if not seen.points:
        return ""
    step, since = seen.points[0].step, int(seen.now.since)
    first = since // step * step
    counts = [0] * min(60, max(1, -(-(int(seen.now.until) - first) // step)))
    share = max(1, -(-(int(seen.now.until) - first) // (step * len(counts))))
    for point in seen.points:
        place = min(len(counts) - 1, max(0, (point.start - first) // (step * share)))
        counts[place] += point.totals.count
    most = max(counts)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)


def _figures(now: Period, before: Period) -> Table:
    grid = Table.grid(padding=(0, 3))
    cells = [
        ("a minute", f"{now.per_minute:.1f}", _change(now.per_minute, before.per_minute)),
        ("5xx", f"{now.totals.error_rate:.1%}", _points_change(now, before)),
        ("4xx", f"{_client_rate(now):.1%}", Text()),
    ]
    for name, value, old in (
        ("p50", now.p50, before.p50),
        ("p95", now.p95, before.p95),
        ("p99", now.p99, before.p99),
    ):
        cells.append((name, "—" if value is None else seconds(value), _change(value, old)))
    cells.append(("out", size(now.totals.response_bytes), Text()))
    grid.add_row(*(Text(name, style="dim") for name, _, _ in cells))
    grid.add_row(*(Text(value, style="bold") for _, value, _ in cells))
    if before.totals.count:
        grid.add_row(*(change for _, _, change in cells))
    return grid


def _change(now: float | None, before: float | None) -> Text:
    if not now or not before:
        return Text()
    return Text(f"{now / before - 1:+.0%}", style="dim")


def _points_change(now: Period, before: Period) -> Text:
    difference = now.totals.error_rate - before.totals.error_rate
    return Text(f"{difference * 100:+.1f} pt", style="red" if difference > 0 else "dim")


def _client_rate(period: Period) -> float:
    return period.totals.client_errors / period.totals.count if period.totals.count else 0.0


def _values(name: str, values: Iterable[Value]) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    drawn.add_column(name, max_width=44, no_wrap=True, overflow="ellipsis")
    for heading in ("count", "5xx", "mean", "p95"):
        drawn.add_column(heading, justify="right")
    for one in values:
        drawn.add_row(
            shown(one.value),
            f"{one.totals.count:,}",
            Text(str(one.totals.server_errors or ""), style="red"),
            seconds(one.totals.mean_duration),
            "" if one.p95 is None else seconds(one.p95),
        )
    return drawn


def _callers(values: Iterable[Value]) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    drawn.add_column("caller", max_width=30, no_wrap=True, overflow="ellipsis")
    drawn.add_column("count", justify="right")
    for one in values:
        drawn.add_row(shown(who(one.value, one.label), "blue"), f"{one.totals.count:,}")
    return drawn


def _statuses(values: Iterable[Value]) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    drawn.add_column("status")
    drawn.add_column("count", justify="right")
    for one in values:
        drawn.add_row(Text(one.value, style=status_style(int(one.value))), f"{one.totals.count:,}")
    return drawn
