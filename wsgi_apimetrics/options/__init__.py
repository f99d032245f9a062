"""What an option is: its default, what it accepts, how text becomes it, what it means.

A policy (``CapturePolicy``, ``RedactionPolicy``, ``DeliveryPolicy``, a backend's settings) is
a frozen dataclass whose fields are made by :func:`option`; everything that needs to know an
option (the constructor, the environment, an ini file, the documentation) reads it off the
field, so that each option has one home. A leaf: imports nothing of ours but the exceptions.

A wrong value is a :class:`~wsgi_apimetrics.exceptions.ConfigurationError` that names the
option, what came and what is accepted; an unknown name suggests the nearest.
"""

from __future__ import annotations

from .kind import Kind, checked
from .kinds import (
    BOOLEAN,
    FUNCTION,
    KEY,
    PERMITS,
    RULES,
    SECRET,
    STRINGS,
    TEXT,
    choice,
    imported,
    integer,
    list_from_text,
    number,
    optional,
    seconds,
)
from .paths import DIRECTORY, FILE, existing_file
from .reading import (
    ENV_PREFIX,
    build,
    kinds,
    merged,
    misspelt,
    option,
    read,
    read_environment,
    read_text,
)

__all__ = [
    "BOOLEAN",
    "DIRECTORY",
    "ENV_PREFIX",
    "FILE",
    "FUNCTION",
    "KEY",
    "PERMITS",
    "RULES",
    "SECRET",
    "STRINGS",
    "TEXT",
    "Kind",
    "build",
    "checked",
    "choice",
    "existing_file",
    "imported",
    "integer",
    "kinds",
    "list_from_text",
    "merged",
    "misspelt",
    "number",
    "option",
    "optional",
    "read",
    "read_environment",
    "read_text",
    "seconds",
]
