"""``preview``: the exact bytes that each backend would get."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .. import jsonline
from ..exceptions import StoreError
from ..jsonline import StoredExchange
from .choices import line_of, opened, store_option
from .configuration import configuration_options, configured
from .har_file import read
from .passing import packed, preparation
from .terminal import console, size


@click.command("preview", short_help="The exact bytes that each backend would get.")
@click.argument("id_", metavar="[ID]", required=False)
@click.option(
    "--har",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A HAR file instead of the store.",
)
@configuration_options
@store_option
def preview_command(
    id_: str | None,
    har: Path | None,
    store_path: Path | None,
    app: str | None,
    ini: str | None,
    backend: str | None,
) -> None:
    """Print the exact bytes that each backend would get for one exchange.

    ID is one of the store's, by default its newest. The bytes go to stdout, what they are to
    stderr. What was redacted before it was stored stays so.
    """
    if id_ and har:
        raise click.UsageError("an ID is one of the store's: --har goes whole")
    every = configured(app, ini, backend)
    exchanges = read(har) if har else [_of_store(id_, store_path)]
    err = console(stderr=True)
    for parts in every:
        prepare = preparation(parts)
        for payload in packed(parts, [prepare(exchange) for exchange in exchanges]):
            err.print(
                f"[bold]{parts.name}[/bold]  {payload.content_type}  {size(len(payload.content))}"
            )
            sys.stdout.buffer.write(payload.content)
            if sys.stdout.isatty() or len(every) > 1:
                sys.stdout.buffer.write(b"\n")
            sys.stdout.buffer.flush()


def _of_store(id_: str | None, store_path: Path | None) -> StoredExchange:
    with opened(store_path) as store:
        line = line_of(store, id_) if id_ else next(store.lines(), None)
        if line is None:
            raise StoreError(f"{store.path} is empty")
    return jsonline.loads(line)
