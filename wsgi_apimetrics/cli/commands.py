"""The commands by name, each imported when it is first needed, and what their failures print."""

from __future__ import annotations

import difflib
import importlib
import os
import sqlite3
import sys
from typing import Any

import click

from .._version import __version__
from ..exceptions import ApiMetricsError

COMMANDS = (
    "demo",
    "inspect",
    "tail",
    "stats",
    "show",
    "export",
    "replay",
    "check",
    "erase",
    "redact",
    "preview",
    "spool",
)
"""In the order of the help; ``NAME`` is the command ``NAME_command`` in the module ``NAME``."""


class Commands(click.Group):
    """Imports a command when it is asked for, and turns failures into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or ``None`` if there is none of this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{cmd_name}", __package__)
        found: click.Command = getattr(module, f"{cmd_name}_command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", error.ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a failure that is the user's to mend is no traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)  # the terminal has written ^C
            ctx.exit(130)
        except BrokenPipeError:
            # The reader has gone (`| head`): nothing is wrong, and nothing more can be said.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except ApiMetricsError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            said = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise click.ClickException(said) from None
        except sqlite3.OperationalError as error:
            raise click.ClickException(f"the store can't be used now: {error}") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", prog_name="wsgi-apimetrics")
def cli() -> None:
    """Look at what your WSGI API was asked and what it answered, and mind what leaves it.

    Commands read the local store unless told otherwise: --store PATH, or the variable
    WSGI_APIMETRICS_LOCAL_PATH.

    Completion: eval "$(_WSGI_APIMETRICS_COMPLETE=bash_source wsgi-apimetrics)", and zsh_source or
    fish_source for the other shells.
    """
