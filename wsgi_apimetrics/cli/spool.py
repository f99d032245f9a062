"""``spool``: look at a spool, repair it, take out what is in it."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from ..delivery import spool_tools
from ..delivery.spool_files import SUFFIX
from ..exceptions import ApiMetricsError
from .choices import json_option
from .terminal import console, shown

_PLACES = click.argument(
    "places", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


class NoSpool(ApiMetricsError):
    """There is no spool where one was to be."""


@click.group("spool", short_help="Verify, repair and export spools.")
def spool_command() -> None:
    """Verify, repair and export the files in spool_dir."""


@spool_command.command("verify", short_help="Are they whole?")
@_PLACES
@json_option
def verify_command(places: tuple[Path, ...], as_json: bool) -> None:
    """Read spools (files, or directories of them) through, and say whether they are whole.

    Exit code 1 says that one is not. Nothing is changed.
    """
    found = [spool_tools.verify(path) for path in _files(places)]
    if as_json:
        click.echo(json.dumps([asdict(summary) for summary in found]))
    else:
        out = console()
        for summary in found:
            sign, style = ("✗", "bold red") if summary.faults else ("✓", "green")
            path = shown(summary.path)
            out.print(f"[{style}]{sign}[/{style}] ", path, sep="", end="  ", soft_wrap=True)
            letters = f", {summary.dead_letters:,} dead letters" if summary.dead_letters else ""
            said = f"{summary.exchanges:,} exchanges wait{letters}  {'; '.join(summary.faults)}"
            out.print(said, markup=False, soft_wrap=True)
    if any(summary.faults for summary in found):
        sys.exit(1)


@spool_command.command("repair", short_help="Rebuild damaged ones of what is intact.")
@_PLACES
def repair_command(places: tuple[Path, ...]) -> None:
    """Rebuild damaged spools of what is intact in them; each old file is kept beside the new."""
    out = console()
    for path in _files(places):
        rebuilt = spool_tools.repair(path)
        if rebuilt is None:
            said = "whole, left as it is"
        else:
            kept = f"the damaged file is {rebuilt.kept_as}"
            said = f"{rebuilt.saved:,} exchanges saved, {rebuilt.lost:,} lost; {kept}"
        out.print(shown(f"{path}: {said}"), soft_wrap=True)


@spool_command.command("export", short_help="Print what waits in them.")
@_PLACES
def export_command(places: tuple[Path, ...]) -> None:
    """Print what waits in spools, and their dead letters, as lines of JSON."""
    for path in _files(places):
        for it in spool_tools.export(path):
            plain = {"spool": Path(path).name, "id": it.id, "dead_letter": it.dead_letter}
            if not it.intact:
                plain["damaged"] = True
            click.echo(json.dumps({**plain, **_content(it.content)}))


def _content(content: bytes) -> dict[str, object]:
    """JSON stays JSON; anything else is base64."""
    try:
        return {"content": json.loads(content)}
    except ValueError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _files(places: tuple[Path, ...]) -> list[str]:
    files = []
    for place in places:
        files += spool_tools.spools(str(place)) if place.is_dir() else [str(place)]
    if not files:
        raise NoSpool(f"no spool in {', '.join(map(str, places))}: they end in {SUFFIX}")
    return files
