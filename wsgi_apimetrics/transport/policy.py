"""The options of talking to a backend by HTTP."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..options import Kind, option, optional


def _url(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    if not value.isprintable() or " " in value:
        raise ValueError("white space and control characters do not belong in a URL")
    _ = parts.port  # raises ValueError for a port that is no number
    return value


URL = Kind("an http or https URL", _url)
SECRET_URL = dataclasses.replace(URL, secret=True)
"""A URL that may hold a password."""


def _file(value: Any) -> str:
    path = os.fspath(value)
    if not isinstance(path, str):
        raise TypeError
    if not Path(path).is_file():
        raise ValueError("there is no such file")
    return path


FILE = Kind("the path of a file", _file)


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Options of the way to a backend; for the middleware or for one backend."""

    proxy: str | None = option(
        None,
        optional(SECRET_URL),
        "The proxy to use, http://user:password@host:port; not set: the one that HTTPS_PROXY, "
        "HTTP_PROXY and NO_PROXY name.",
    )
    ca_bundle: str | None = option(
        None,
        optional(FILE),
        "A file of the certificates to trust, in PEM form, in place of the system's.",
    )
