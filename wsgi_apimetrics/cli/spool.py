"""``spool``: look at a spool, repair it, take out what is in it."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from ..delivery.spool_files import SUFFIX, SpoolFile
from ..delivery.spool_schema import APPLICATION_ID, VERSION, SpoolUnusable, checksum
from ..exceptions import ApiMetricsError
from .choices import json_option
from .terminal import console, shown

_PLACES = click.argument(
    "places", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


class NoSpool(ApiMetricsError):
    """The file is no spool, or can't be used now."""


@dataclass(frozen=True)
class Report:
    """What is in one spool; ``trouble`` is empty if it is whole."""

    path: str
    exchanges: int = 0
    bad: int = 0
    dead_letters: int = 0
    trouble: str = ""


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
    reports = [_report(path) for path in _files(places)]
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports]))
    else:
        out = console()
        for report in reports:
            sign, style = ("✗", "bold red") if report.trouble else ("✓", "green")
            out.print(
                f"[{style}]{sign}[/{style}] ",
                shown(report.path),
                sep="",
                end="  ",
                soft_wrap=True,
            )
            letters = f", {report.dead_letters:,} dead letters" if report.dead_letters else ""
            out.print(
                f"{report.exchanges:,} exchanges wait{letters}  {report.trouble}", markup=False
            )
    if any(report.trouble for report in reports):
        sys.exit(1)


@spool_command.command("repair", short_help="Rebuild damaged ones of what is intact.")
@_PLACES
def repair_command(places: tuple[Path, ...]) -> None:
    """Rebuild damaged spools of what is intact in them; each old file is kept beside the new."""
    out = console()
    for path in _files(places):
        report = _report(path)
        if not report.trouble:
            out.print(shown(f"{path}: whole, left as it is"), soft_wrap=True)
            continue
        file = SpoolFile(str(path), "full")
        file.mark(0)
        try:
            spool, rebuilt = file.open()
        except SpoolUnusable as error:
            raise NoSpool(f"{path}: {error}: stop the app first") from None
        spool.close()
        file.let_go()
        assert rebuilt is not None  # it was marked, and nobody else has it open
        lost = max(rebuilt.lost, report.exchanges - rebuilt.saved)
        said = f"{path}: {rebuilt.saved:,} exchanges saved, {lost:,} lost; "
        out.print(shown(f"{said}the damaged file is {rebuilt.kept_as}"), soft_wrap=True)


@spool_command.command("export", short_help="Print what waits in them.")
@_PLACES
def export_command(places: tuple[Path, ...]) -> None:
    """Print what waits in spools, and their dead letters, as lines of JSON."""
    for path in _files(places):
        with _opened(path) as connection:
            for table in ("exchange", "dead_letter"):
                for id_, check, content in connection.execute(
                    f"SELECT id, checksum, content FROM {table} ORDER BY position"  # noqa: S608
                ):
                    plain = {"spool": path.name, "id": id_, "dead_letter": table == "dead_letter"}
                    if checksum(id_, content) != check:
                        plain["damaged"] = True
                    click.echo(json.dumps({**plain, **_content(content)}))


def _content(content: bytes) -> dict[str, object]:
    """JSON stays JSON; anything else is base64."""
    try:
        return {"content": json.loads(content)}
    except ValueError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _files(places: tuple[Path, ...]) -> list[Path]:
    files = []
    for place in places:
        files += sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
    if not files:
        raise NoSpool(f"no spool in {', '.join(map(str, places))}: they end in {SUFFIX}")
    return files


def _report(path: Path) -> Report:
    try:
        with _opened(path) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
            exchanges = bad = 0
            for id_, check, content in connection.execute(
                "SELECT id, checksum, content FROM exchange"
            ):
                exchanges += 1
                bad += checksum(id_, content) != check
            letters = connection.execute("SELECT count(*) FROM dead_letter").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return Report(str(path), trouble=f"damaged: {error}")
    trouble = "" if found == "ok" else f"damaged: {found.splitlines()[0]}"
    if bad:
        trouble = f"{bad:,} exchanges are not what was written"
    if Path(f"{path}.damaged").exists():
        trouble = trouble or "marked as damaged by an app that had it open"
    return Report(str(path), exchanges, bad, letters, trouble)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a spool to read; what is none is refused."""
    if not path.read_bytes()[:16].startswith(b"SQLite format 3"):
        raise NoSpool(f"{path} is no spool")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            raise NoSpool(f"{path} is no spool of wsgi-apimetrics")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise NoSpool(f"{path} was written by a newer wsgi-apimetrics (format {version})")
        yield connection
    finally:
        connection.close()
