"""``show``: one exchange, whole."""

from __future__ import annotations

from pathlib import Path

import click

from ..jsonline import loads
from .choices import json_option, line_of, opened, store_option
from .exchange_view import view
from .terminal import console


@click.command("show", short_help="One exchange, whole.")
@click.argument("id_", metavar="ID")
@click.option("--whole", is_flag=True, help="Do not cut long bodies.")
@store_option
@json_option
def show_command(id_: str, whole: bool, store_path: Path | None, as_json: bool) -> None:
    """Show one exchange, whole. The beginning of its ID is enough."""
    with opened(store_path) as store:
        line = line_of(store, id_)
    if as_json:
        click.echo(line)
        return

    console().print(view(loads(line), whole=whole))
