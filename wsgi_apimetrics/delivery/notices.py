"""The log lines of one backend."""

from ..notices import LOGGER, Notices

__all__ = ["LOGGER", "Notices"]
