"""``replay``: send what is in a store, a HAR file or a spool to a backend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..backends.base import Parts
from ..delivery.spool_files import SUFFIX, spool_path
from ..exceptions import ConfigurationError, ExchangeDropped
from ..jsonline import StoredExchange
from ..payload import Fragment, Outcome
from ..store import Filter
from .choices import chosen, filter_options, json_option, opened, store_option
from .configuration import configuration_options, configured
from .har_file import read
from .passing import preparation
from .sending import NotSent, Sender, Tally
from .sources import Batch, Place, of_exchanges, of_spool, of_store
from .terminal import console, shown, size

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("replay", short_help="Send a store, a HAR file or a spool to a backend.")
@click.option("--har", type=_FILE, help="A HAR file instead of the store.")
@click.option("--spool", type=_FILE, help="A spool's file instead of the store.")
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Exchanges a second at most.")
@click.option("--dry-run", is_flag=True, help="Send nothing; say what would be sent.")
@click.option("--restart", is_flag=True, help="Begin at the beginning, not where it stopped.")
@configuration_options
@filter_options
@store_option
@json_option
def replay_command(
    har: Path | None,
    spool: Path | None,
    rate: float,
    dry_run: bool,
    restart: bool,
    app: str | None,
    ini: str | None,
    backend: str | None,
    store_path: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Send what is in the store (or a HAR file, or a spool) to a backend.

    Oldest first. A run that was stopped goes on where it was; what is sent twice all the same
    carries the same id. The backend's own redaction rules hold once more.
    """
    if har and spool:
        raise click.UsageError("--har and --spool can't be given together")
    parts = _one(configured(app, ini, backend), spool)
    tally = Tally()
    with ExitStack() as stack:
        batches, total = _batches(
            stack, parts, har, spool, store_path, given, tally, restart=restart and not dry_run
        )
        if dry_run:
            _dry(batches, tally)
        else:
            _sent(parts, batches, total, rate, tally)
    if as_json:
        click.echo(json.dumps({"backend": parts.name, "dry_run": dry_run, **asdict(tally)}))
        return
    verb = "would be sent" if dry_run else "sent"
    left_out = f", {tally.left_out:,} left out" if tally.left_out else ""
    refused = f", {tally.refused:,} refused" if tally.refused else ""
    console().print(f"{tally.sent:,} exchanges {verb} to {parts.name}{refused}{left_out}")


def _one(every: tuple[Parts, ...], spool: Path | None) -> Parts:
    """Return the backend to send to; a spool's file is named after its own."""
    if spool is not None:
        every = tuple(part for part in every if spool.name == _spool_of(part))
        if not every:
            if not spool.name.endswith(SUFFIX):
                raise ConfigurationError(f"{spool} is no spool: their names end in {SUFFIX}")
            raise ConfigurationError(
                f"{spool.name} is for another backend, account or address than is configured"
            )
    if len(every) != 1:
        names = ", ".join(part.name for part in every)
        raise ConfigurationError(f"several backends are configured ({names}): choose by --backend")
    return every[0]


def _target(parts: Parts) -> str:
    """Return what a place is kept for: what one account got, another did not."""
    return f"{parts.name} {parts.destination}"


def _spool_of(parts: Parts) -> str:
    return Path(spool_path("", parts.name, parts.destination)).name


def _batches(
    stack: ExitStack,
    parts: Parts,
    har: Path | None,
    spool: Path | None,
    store_path: Path | None,
    given: dict[str, Any],
    tally: Tally,
    *,
    restart: bool,
) -> tuple[Iterator[Batch], int | None]:
    """Return what to send, and how much that is, if it is known."""
    wanted = chosen(given)
    if (har or spool) and wanted != Filter():
        raise click.UsageError("filters choose from a store: --har and --spool go whole")
    if spool is not None:
        return stack.enter_context(of_spool(spool, parts)), None
    prepare = _preparation(parts, tally)
    if har is not None:
        exchanges = read(har)
        place = Place(sha256(har.read_bytes()).hexdigest(), _target(parts))
        if restart:
            place.forget()
        return of_exchanges(exchanges, prepare, parts, place), len(exchanges)
    store = stack.enter_context(opened(store_path))
    if parts.destination == str(store.path):
        raise ConfigurationError(
            f"{store.path} can't be replayed to itself: name another backend by --backend"
        )
    place = Place(f"{store.path.resolve()} {wanted!r}", _target(parts))
    if restart:
        place.forget()
    return of_store(store, wanted, prepare, parts, place), store.count(wanted, at_most=10**9)


def _preparation(parts: Parts, tally: Tally) -> Callable[[StoredExchange], Fragment | None]:
    """Return what makes fragments, and counts what the backend has no place for."""
    prepare = preparation(parts)
    reasons: set[str] = set()

    def prepared(stored: StoredExchange) -> Fragment | None:
        try:
            if stored.exchange.kind == "server" or parts.takes_client_exchanges:
                return prepare(stored)
            reason = "it was made by the app, not answered by it"
        except ExchangeDropped as error:
            reason = str(error)
        tally.left_out += 1
        if reason not in reasons:
            reasons.add(reason)
            said = shown(f"{parts.name} leaves out: {reason}", "yellow")
            console(stderr=True).print(said, soft_wrap=True)
        return None

    return prepared


def _dry(batches: Iterator[Batch], tally: Tally) -> None:
    """Count without sending, and without moving on."""
    content = 0
    err = console(stderr=True)
    for batch in batches:
        tally.sent += len(batch.fragments)
        content += sum(len(fragment.content) for fragment in batch.fragments)
    err.print(f"{size(content)} of exchanges; nothing was sent")


def _sent(
    parts: Parts, batches: Iterator[Batch], total: int | None, rate: float, tally: Tally
) -> None:
    err = console(stderr=True)

    def refused(fragment: Fragment, outcome: Outcome) -> None:
        said = f"refused: {fragment.id}: {outcome.status_code} {outcome.error}"
        err.print(shown(said, "yellow"), soft_wrap=True)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    transport = parts.open_transport()
    sender = Sender(parts, transport, rate, refused, tally)
    try:
        with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
            task = progress.add_task(parts.name, total=total)
            for batch in batches:
                sender.send(batch.fragments)
                batch.done()
                progress.advance(task, len(batch.fragments))
    except NotSent as error:
        raise NotSent(
            f"{error}\n{tally.sent:,} exchanges were sent: the same command goes on there"
        ) from None
    finally:
        transport.close()
