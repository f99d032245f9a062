"""``erase``: one caller's exchanges, for a privacy request."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..store import Filter
from ..store.erasing import erase
from .choices import caller_forms, json_option, opened, path_of, store_option
from .terminal import console, shown


@click.command("erase", short_help="Erase one caller's exchanges, for good.")
@click.argument("caller")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@store_option
@json_option
def erase_command(caller: str, yes: bool, store_path: Path | None, as_json: bool) -> None:
    """Erase every exchange of one CALLER from the store, for good.

    CALLER is the key that the grouping function returns, or its masked form (sha512-...).
    What other backends were sent is theirs to erase.
    """
    forms = caller_forms(caller)
    with opened(store_path) as store:
        count = store.count(Filter(caller=forms), at_most=10**9)
    if count and not yes:
        click.confirm(
            f"Erase {count:,} exchanges from {path_of(store_path)}?", abort=True, err=True
        )
    # Also of nothing: another one may have been interrupted.
    erased = erase(path_of(store_path), forms)
    if as_json:
        click.echo(json.dumps({"erased": erased}))
    else:
        console().print(shown(f"{erased:,} exchanges of {caller} erased"), soft_wrap=True)
