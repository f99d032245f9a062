"""``demo``: a small real API under a real server, watched."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from ..demo.secrets import PLANTED
from ..demo.server import Server
from ..demo.traffic import calls, drive
from ..exceptions import require_extra
from ..jsonline import loads
from ..store import Filter, Store, Summary, default_path
from ..store.connection import open_for_writing
from .exchange_view import view
from .listing import table
from .stats import draw
from .terminal import console, program

_SHOWN = Filter(endpoint=("/orders",), status=(201,))
_FLOWS_EVERY_SECONDS = 2.0


@click.command("demo", short_help="Watch a small API at work, without an account.")
@click.option("--requests", default=300, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--serve", is_flag=True, help="Stay up, with traffic flowing, until Ctrl-C.")
@click.option(
    "--store",
    "store_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to keep the exchanges; by default a store of its own, emptied at each run.",
)
def demo_command(requests: int, serve: bool, store_path: Path | None) -> None:
    """Watch a small real API at work: no account, no network, done in seconds."""
    require_extra("the demo", "demo", "flask", "gunicorn")
    out = console()
    path = store_path or default_path().with_name("demo.sqlite")
    if store_path is None:
        _empty(path)
    started_at = time.time()
    out.print(_opening(requests))
    with Server(path) as server:
        _run(out, server.url, requests)
        if serve:
            _serve(out, server.url, path)
    with Store(path) as store:
        _closing(out, store, started_at)
    if not serve and out.is_terminal and sys.stdin.isatty() and _has_inspector():
        _offer(out, path)


def _opening(requests: int) -> Panel:
    text = (
        "A small shop's API (Flask) starts under gunicorn, two workers, wrapped by\n\n"
        "    [bold]app.wsgi_app = ApiMetricsMiddleware(app.wsgi_app, Local(),\n"
        '        redact_common_secrets=True, redact_patterns=\\["card", "jwt"])[/bold]\n\n'
        f"{requests} requests come in: JSON, forms, uploads, pictures, streams, errors, and "
        "secrets in all the usual places.\nWhat is recorded stays on this machine."
    )
    return Panel(
        text, title="[bold]wsgi-apimetrics[/bold]", title_align="left", border_style="blue"
    )


def _run(out: Console, url: str, requests: int) -> None:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=out, transient=not out.is_terminal) as progress:
        task = progress.add_task("requests", total=requests)
        drive(url, calls(requests), lambda: progress.advance(task))


def _serve(out: Console, url: str, path: Path) -> None:
    """Let traffic flow until Ctrl-C, with the inspector beside it."""
    inspector = _inspector(path)
    try:
        out.print(f"\nThe API answers at [bold]{url}[/bold], and traffic flows. Look at it with\n")
        out.print(f"    {program()} tail --store {path}", soft_wrap=True)
        if inspector is None:
            out.print(f"    {program()} inspect --store {path}", soft_wrap=True)
        out.print("\n[dim]Ctrl-C ends it.[/dim]")
        seeds = itertools.count(1)
        while True:
            drive(url, calls(12, next(seeds)), lambda: None)
            time.sleep(_FLOWS_EVERY_SECONDS)
    except KeyboardInterrupt:
        out.print()
    finally:
        if inspector is not None:
            inspector.terminate()
            inspector.wait()


def _offer(out: Console, path: Path) -> None:
    """Where somebody sits at a terminal, the web page is one key away."""
    try:
        wanted = click.confirm("Look at it in the browser now?", default=True)
    except click.Abort:
        out.print()
        return
    if wanted:
        from .. import inspector

        inspector.serve(path)


def _inspector(path: Path) -> subprocess.Popen[bytes] | None:
    """Start the inspector, which prints its address; ``None`` where its extra is missing."""
    if not _has_inspector():
        return None
    command = [sys.executable, "-m", "wsgi_apimetrics", "inspect", "--store", str(path)]
    return subprocess.Popen(command)  # noqa: S603 - our own command


def _has_inspector() -> bool:
    return importlib.util.find_spec("jinja2") is not None


def _closing(out: Console, store: Store, started_at: float) -> None:
    """Show what there is, and where to look further."""
    out.print()
    out.print(table(_one_of_each(store), title="[bold]What was captured[/bold], one of each kind"))
    line = next(store.lines(_SHOWN), None)
    shown = None if line is None else loads(line)
    if shown is not None:
        out.print("\n[bold]One exchange, whole[/bold]\n")
        out.print(view(shown))
    out.print()
    draw(out, store.overview(started_at, time.time(), 6), lists=False)
    out.print()
    out.print(_secrets(store))
    out.print(_further(store, "ID" if shown is None else shown.exchange.id[:8]))


def _one_of_each(store: Store) -> list[Summary]:
    """Return the newest exchange of each route and status, as they came."""
    newest: dict[tuple[str, str, int], Summary] = {}
    cursor = None
    while True:
        page = store.page(cursor=cursor, size=500)
        for one in page.summaries:
            newest.setdefault((one.method, one.endpoint, one.status), one)
        cursor = page.next_cursor
        if cursor is None:
            return sorted(newest.values(), key=lambda one: one.started_at)


def _secrets(store: Store) -> Text:
    """Look for every planted secret in every stored exchange."""
    content = b"\n".join(store.lines())
    found = [place for place, secret in PLANTED.items() if secret.encode() in content]
    if not found:
        return Text(
            f"✓ {len(PLANTED)} secrets were planted in headers, cookies, queries, forms and JSON: "
            "none of them is in the store.",
            style="green",
        )
    return Text(
        f"! {len(found)} of {len(PLANTED)} planted secrets are in the store: {', '.join(found)}. "
        "Name them in denylist to have them redacted.",
        style="yellow",
    )


def _further(store: Store, id_: str) -> Panel:
    name = program()
    extent = store.extent()
    path = _short(store.path)
    commands = (
        ("inspect", "the web page: plots, search, one exchange beside another"),
        (f"show {id_}", "one exchange, whole"),
        ("tail --search lamp", "the newest, and more as they come"),
        ("stats", "percentiles, top routes and callers, slowest, largest"),
        ("export --format har", "a HAR file for any other tool"),
    )
    lines = [
        f"{extent.exchanges} exchanges are in [bold]{path}[/bold] (only you can read it).",
        "To look further, first",
        "",
        f"    [bold]export WSGI_APIMETRICS_LOCAL_PATH={_typed(path)}[/bold]",
        "",
        *(f"    [bold]{name} {what:<22}[/bold] [dim]{why}[/dim]" for what, why in commands),
    ]
    return Panel(
        "\n".join(lines), border_style="blue", title="[bold]Look further[/bold]", title_align="left"
    )


def _short(path: Path) -> str:
    home = str(Path.home())
    return f"~{str(path)[len(home) :]}" if str(path).startswith(home + os.sep) else str(path)


def _typed(path: str) -> str:
    """Return a path as a shell takes it; a tilde must not be quoted."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") else shlex.quote(path)


def _empty(path: Path) -> None:
    """Take the last run's store away; opening it first makes sure that it is one of ours.

    As a writer, who takes also what an older version left, or a run that was ended at once.
    """
    if path.exists():
        open_for_writing(path).close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
