"""WSGI middleware that records whole API exchanges and sends them, redacted, to a backend.

The public names are here; each is imported when it is first asked for, so that an app does
not wait for what it does not use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .exceptions import ApiMetricsError, ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    from .backends.apitoolkit import APIToolkit
    from .backends.local import Local
    from .backends.otlp import OTLP
    from .backends.readme import ReadMe
    from .errors import report_error
    from .middleware import ApiMetricsMiddleware

_LATER = {
    "APIToolkit": "backends.apitoolkit",
    "ApiMetricsMiddleware": "middleware",
    "Local": "backends.local",
    "OTLP": "backends.otlp",
    "ReadMe": "backends.readme",
    "report_error": "errors",
}

__all__ = [
    "OTLP",
    "APIToolkit",
    "ApiMetricsError",
    "ApiMetricsMiddleware",
    "ConfigurationError",
    "Local",
    "MissingExtraError",
    "ReadMe",
    "__version__",
    "report_error",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
