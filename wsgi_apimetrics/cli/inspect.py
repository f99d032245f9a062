"""``inspect``: the web page that shows the store."""

from __future__ import annotations

from pathlib import Path

import click

from ..store import Store
from .choices import path_of, store_option, up_to_date


@click.command("inspect", short_help="The web page: plots, search, exchanges side by side.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="By default a free one.")
@click.option("--ingest", is_flag=True, help="Also take what vendors' SDKs send, in any language.")
@click.option("--open", "browser", is_flag=True, help="Open it in your browser.")
@store_option
def inspect_command(
    host: str, port: int, ingest: bool, browser: bool, store_path: Path | None
) -> None:
    """Serve the inspector until Ctrl-C, at the address that is printed.

    The address carries a token: nobody else on this machine gets in without it.
    """
    from .. import inspector

    path = up_to_date(path_of(store_path))
    if path.exists() and path.stat().st_size:  # what is not there yet may still come
        Store(path).close()  # one that can't be shown is refused at once
    inspector.serve(path, host=host, port=port, ingest=ingest, browser=browser)
