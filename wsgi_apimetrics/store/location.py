"""Where the store is, and that nobody else can read it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..exceptions import ConfigurationError

APP_DIRECTORY = "wsgi-apimetrics"
FILE_NAME = "exchanges.sqlite"


def default_path(environment: Mapping[str, str] | None = None) -> Path:
    """Return the store's path in the user's state directory.

    That is ``$XDG_STATE_HOME`` or ``~/.local/state`` (XDG Base Directory Specification 0.8;
    a relative ``$XDG_STATE_HOME`` is ignored, as it says).

    Raises:
        ConfigurationError: the user has no home directory.
    """
    state = (os.environ if environment is None else environment).get("XDG_STATE_HOME", "")
    if os.path.isabs(state):  # noqa: PTH117
        return Path(state) / APP_DIRECTORY / FILE_NAME
    try:
        home = Path.home()
    except RuntimeError:
        raise ConfigurationError(
            "Local: path must be given, as this user has no home directory: Local(path=...), or "
            "the environment variable WSGI_APIMETRICS_LOCAL_PATH"
        ) from None
    return home / ".local" / "state" / APP_DIRECTORY / FILE_NAME


def make_private(path: Path) -> None:
    """Make the file and its directory where they are missing: 0600 in 0700.

    A directory that is there already is left as it is. SQLite gives the files beside it
    (``-wal``, ``-shm``) the mode of the store itself.

    Raises:
        OSError: they can't be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
