"""A list of exchanges, as a table and as lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from ..store import Summary
from .terminal import clock, seconds, shown, size, status_style


def table(summaries: Iterable[Summary], title: str | None = None) -> Table:
    """Return the table of what was captured."""
    drawn = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    drawn.add_column("time", style="dim", no_wrap=True)
    drawn.add_column("method", no_wrap=True)
    drawn.add_column("route or path", ratio=1, no_wrap=True, overflow="ellipsis")
    drawn.add_column("status", justify="right", no_wrap=True)
    drawn.add_column("took", justify="right", no_wrap=True)
    drawn.add_column("in", justify="right", no_wrap=True)
    drawn.add_column("out", justify="right", no_wrap=True)
    drawn.add_column("who", no_wrap=True, overflow="ellipsis", max_width=22)
    drawn.add_column("id", style="dim", no_wrap=True)
    for one in summaries:
        drawn.add_row(*_cells(one))
    return drawn


def line(one: Summary) -> Text:
    """Return one exchange as one line."""
    time, method, path, status, took, came, went, who, id_ = _cells(one)
    made = f"→ {one.host}" if one.kind == "client" else ""
    path = shown(made + one.path + (f"?{one.query}" if one.query else ""))
    parts = [
        Text(f"{time} ", style="dim"),
        status,
        Text(f" {took.plain:>8} "),
        Text(f"{method.plain:<6} ", style="bold"),
        path,
        Text(f"  {came.plain} in, {went.plain} out", style="dim"),
        Text("  ").append_text(who) if who.plain else Text(),
        Text("  ").append_text(_error(one)),
        Text(f"  {id_}", style="dim"),
    ]
    return Text.assemble(*parts)


def as_plain(one: Summary) -> dict[str, Any]:
    """Return one exchange for JSON."""
    return dataclasses.asdict(one)


def who(caller: str | None, label: str | None) -> str:
    """Return a caller's name, or the end of its masked key."""
    if label:
        return label
    if caller is None:
        return ""
    return f"…{caller.rpartition('?')[2]}" if caller.startswith("sha512-") else caller


def _cells(one: Summary) -> tuple[Any, ...]:
    arrow = "→ " if one.kind == "client" else ""
    return (
        clock(one.started_at),
        shown(one.method, "bold"),
        shown(f"{arrow}{one.route or one.path}"),
        Text(str(one.status or "—"), style=status_style(one.status)),
        Text(seconds(one.duration), style="bold red" if one.duration > 1 else ""),
        Text(size(one.request_size), style="dim" if not one.request_size else ""),
        Text(size(one.response_size), style="dim" if not one.response_size else ""),
        shown(who(one.caller, one.caller_label), "blue"),
        one.id[:8],
    )


def _error(one: Summary) -> Text:
    if one.error_type:
        return shown(one.error_type, "red")
    return Text("aborted", style="magenta") if one.aborted else Text()
