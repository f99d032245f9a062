"""WSGI middleware that records whole API exchanges and sends them, redacted, to a backend.

The public names are here; each is imported when it is first asked for, so that an app does
not wait for what it does not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._version import __version__
from .exceptions import ApiMetricsError, ConfigurationError, MissingExtraError
from .later import later

if TYPE_CHECKING:
    from .backends.apitoolkit import APIToolkit
    from .backends.local import Local
    from .backends.otlp import OTLP
    from .backends.readme import ReadMe
    from .errors import report_error
    from .middleware import ApiMetricsMiddleware
else:  # a type checker that saw it would take every misspelt name
    __getattr__ = later(
        __name__,
        {
            "APIToolkit": "backends.apitoolkit",
            "ApiMetricsMiddleware": "middleware",
            "Local": "backends.local",
            "OTLP": "backends.otlp",
            "ReadMe": "backends.readme",
            "report_error": "errors",
        },
    )

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


def __dir__() -> list[str]:
    return __all__
