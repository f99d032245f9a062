"""Every exception that this package raises.

::

    ApiMetricsError
    ├── ConfigurationError (also a ValueError)
    │   └── MissingExtraError (also an ImportError)
    ├── StoreError
    └── ExchangeDropped

Errors reach the user only while something is being configured. At run time nothing is
raised into the app: it is counted, with a reason of :class:`~wsgi_apimetrics.stats.DropReason`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stats import DropReason


class ApiMetricsError(Exception):
    """The root of the tree."""


class ConfigurationError(ApiMetricsError, ValueError):
    """An option is wrong: the text names it, what came, and what is accepted."""


class MissingExtraError(ConfigurationError, ImportError):
    """A feature needs a package that is not installed: the text names the extra."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'wsgi-apimetrics[{extra}]'")
        self.extra = extra


def require_extra(feature: str, extra: str, *modules: str) -> None:
    """Raise :class:`MissingExtraError` unless ``modules`` are installed; imports none of them."""
    from importlib.util import find_spec

    for module in modules:
        try:
            found = find_spec(module)
        except ModuleNotFoundError:  # not even the package that it would be in
            found = None
        if found is None:
            raise MissingExtraError(feature, extra)


class StoreError(ApiMetricsError):
    """A local store can't be used: it is not ours, damaged, newer, or not there."""


class ExchangeDropped(ApiMetricsError):
    """Raised inside the worker, by a stage that gives one exchange up on purpose."""

    def __init__(self, reason: DropReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
