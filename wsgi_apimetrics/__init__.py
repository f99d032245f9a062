"""WSGI middleware that records whole API exchanges and sends them, redacted, to a backend."""

from __future__ import annotations

from ._version import __version__
from .exceptions import ApiMetricsError, ConfigurationError

__all__ = ["ApiMetricsError", "ConfigurationError", "__version__"]
