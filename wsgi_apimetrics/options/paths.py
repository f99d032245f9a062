"""Options that are paths: of a file or a directory, there already or yet to be made.

All are kept as text, with ``~`` resolved.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .kind import Kind


def _path(value: Any) -> str:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError
    path = os.fspath(value)
    if not isinstance(path, str) or not path.strip():
        raise TypeError
    if "\0" in path:
        raise ValueError("a path has no NUL character")
    resolved = os.path.expanduser(path)  # noqa: PTH111 - pathlib's knows no home as an error only
    if resolved.startswith("~"):
        raise ValueError("there is no such home directory")
    return resolved


def _file(value: Any) -> str:
    path = _path(value)
    if Path(path).is_dir():
        raise ValueError("that is a directory")
    return path


def _directory(value: Any) -> str:
    path = _path(value)
    if Path(path).exists() and not Path(path).is_dir():
        raise ValueError("that is a file")
    return path


def existing_file(value: Any) -> str:
    """Return the path of a file that is there.

    Raises:
        TypeError: it is no path; ``ValueError``: it can't be one, or there is no such file.
    """
    path = _file(value)
    if not Path(path).is_file():
        raise ValueError("there is no such file")
    return path


FILE = Kind("the path of a file", _file)
DIRECTORY = Kind("the path of a directory", _directory)
