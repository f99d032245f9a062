"""``inspect``: the web page that shows the store."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from ..exceptions import ConfigurationError, MissingExtraError
from .choices import path_of, store_option


@click.command("inspect", short_help="The web page: plots, search, exchanges side by side.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="By default a free one.")
@click.option("--ingest", is_flag=True, help="Also take what vendors' SDKs send, in any language.")
@store_option
def inspect_command(host: str, port: int, ingest: bool, store_path: Path | None) -> None:
    """Serve the inspector until Ctrl-C, at the address that is printed.

    The address carries a token: nobody else on this machine gets in without it.
    """
    try:
        inspector = importlib.import_module("wsgi_apimetrics.inspector")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("wsgi_apimetrics"):
            raise ConfigurationError("this version has no inspector yet") from None
        raise MissingExtraError("the inspector", "inspector") from None
    inspector.serve(path_of(store_path), host=host, port=port, ingest=ingest)
