"""``tail``: the newest exchanges, and more as they come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..store import Filter, Store, Summary
from .choices import chosen, filter_options, json_option, opened, path_of, store_option
from .listing import as_plain, line
from .terminal import console, shown

_EVERY_SECONDS = 0.3


@click.command("tail", short_help="The newest exchanges, and more as they come.")
@click.option("--lines", "-n", default=10, type=click.IntRange(0), help="So many old ones first.")
@click.option("--follow/--no-follow", "-f", default=True, help="Go on as they come (default).")
@filter_options
@store_option
@json_option
def tail_command(
    lines: int, follow: bool, store_path: Path | None, as_json: bool, **given: Any
) -> None:
    """Print the newest exchanges, one a line, and go on as they come until Ctrl-C."""
    wanted = chosen(given)
    out = console()
    path = path_of(store_path)
    if follow and not _is_there(path):
        said = shown(f"waiting for the first exchange at {path}")
        console(stderr=True).print(said, soft_wrap=True)
        while not _is_there(path):
            time.sleep(_EVERY_SECONDS)
    with opened(store_path) as store:
        last = store.last_seq()
        if lines:
            _print(out, reversed(store.page(wanted, size=lines).summaries), as_json)
        if follow:
            _follow(store, wanted, last, out, as_json)


def _is_there(path: Path) -> bool:
    """Whether there is a store; a file is empty until its tables are made."""
    return path.exists() and path.stat().st_size > 0


def _follow(store: Store, wanted: Filter, last: int, out: Console, as_json: bool) -> None:
    while True:
        # The newest is looked up first, so that what comes in between is seen next time.
        newest = store.last_seq()
        if wanted.search:
            newest = min(newest, store.last_indexed())
        found = store.newer(last, wanted)
        _print(out, found, as_json)
        if found:  # and perhaps more than is given at once
            last = found[-1].seq
        else:
            last = max(last, newest)
            time.sleep(_EVERY_SECONDS)


def _print(out: Console, summaries: Iterable[Summary], as_json: bool) -> None:
    for one in summaries:
        if as_json:
            click.echo(json.dumps(as_plain(one)))
        else:
            out.print(line(one), soft_wrap=True)
