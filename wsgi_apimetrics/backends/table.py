"""The backends by name: ours, and those that other packages announce.

A third party's backend is a subclass of :class:`~wsgi_apimetrics.backends.base.Backend` under
the entry point group ``wsgi_apimetrics.backends``. Each is imported only when it is named.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..exceptions import ConfigurationError
from .base import Backend

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "wsgi_apimetrics.backends"

OURS = {
    "readme": ("readme", "ReadMe"),
    "local": ("local", "Local"),
    "apitoolkit": ("apitoolkit", "APIToolkit"),
    "otlp": ("otlp", "OTLP"),
}


def announced() -> dict[str, EntryPoint]:
    """Return the entry points of other packages' backends by name."""
    from importlib.metadata import entry_points

    return {entry.name.lower(): entry for entry in entry_points(group=ENTRY_POINTS)}


def every_name() -> set[str]:
    """Return the names of all backends that there may be: ours, announced, or already loaded."""
    loaded = Backend.__subclasses__()
    for backend in loaded:
        loaded += backend.__subclasses__()
    return {*OURS, *announced(), *(one.name for one in loaded if hasattr(one, "name"))}


def backend_named(name: str) -> type[Backend]:
    """Return the backend class of this name.

    Raises:
        ConfigurationError: there is none; the known names are listed.
    """
    key = name.strip().lower()
    if key in OURS:
        module, attribute = OURS[key]
        found: Any = getattr(importlib.import_module(f"{__package__}.{module}"), attribute)
        return found  # type: ignore[no-any-return]
    others = announced()
    if key not in others:
        known = ", ".join(sorted({*OURS, *others}))
        raise ConfigurationError(f"there is no backend {name!r}: the backends are {known}")
    loaded: Any = others[key].load()
    if not (isinstance(loaded, type) and issubclass(loaded, Backend)):
        raise ConfigurationError(f"the entry point {name!r} is not a Backend but {loaded!r}")
    return loaded
