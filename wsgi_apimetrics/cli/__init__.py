"""The command line, ``wsgi-apimetrics``: everything that one may want to do without writing code.

Exit codes: 0 done, 1 it could not be done or something was found wrong, 2 the command was typed
wrong, 130 interrupted. Errors go to stderr in one line; nothing a user does wrong ends in a
traceback. What was captured was written by strangers: it reaches the terminal only through
:mod:`.terminal`, which makes control characters visible.
"""

from __future__ import annotations

import sys

from ..exceptions import MissingExtraError


def main() -> None:
    """Run the command line on ``sys.argv``, and exit."""
    try:
        from .commands import cli
    except ImportError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write(f"error: {MissingExtraError('the command line', 'cli')}\n")
        sys.exit(1)
    cli(prog_name="wsgi-apimetrics")
