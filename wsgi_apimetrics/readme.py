"""The names of ReadMe's own package, readme-metrics 3.4: change the import line, nothing else.

::

    from wsgi_apimetrics.readme import MetricsApiConfig, MetricsMiddleware

    app.wsgi_app = MetricsMiddleware(
        app.wsgi_app, MetricsApiConfig("<api key>", grouping_function)
    )

New code is better off with :class:`~wsgi_apimetrics.ApiMetricsMiddleware` and
:class:`~wsgi_apimetrics.ReadMe`, which this module is a thin cover of.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .backends.readme import SERVER, ReadMe
from .exceptions import ConfigurationError
from .middleware import ApiMetricsMiddleware
from .webhook import VerificationError, VerifyWebhook

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

__all__ = [
    "MetricsApiConfig",
    "MetricsMiddleware",
    "ReadMeMetrics",
    "VerificationError",
    "VerifyWebhook",
]

_LOGGER = logging.getLogger("wsgi_apimetrics")
_EXTENSION = "readme_metrics"
_DASHBOARD = "https://dash.readme.com/api"


class MetricsApiConfig:
    """The options under their names in readme-metrics, in its order of parameters.

    The attributes may be changed until the middleware is built; that is also when a wrong
    value becomes a :class:`~wsgi_apimetrics.ConfigurationError`.

    Args:
        api_key: The key of the ReadMe project.
        grouping_function: Takes the request and returns who called, or ``None``; or the dotted
            path of such a function.
        base_log_url: Where the project's logs are shown.
        buffer_length: How many exchanges are gathered before they are sent.
        development_mode: Whether the logs are kept apart from those of production.
        background_worker_mode: Whether a background thread sends.
        allowlist: If given, the only names whose values are sent.
        denylist: Names whose values are never sent.
        blacklist: Deprecated: ``denylist``.
        whitelist: Deprecated: ``allowlist``.
        allowed_http_hosts: If given, only requests to these hosts are logged.
        timeout: Seconds that one call to ReadMe may take.

    Attributes:
        METRICS_API: The server that logs go to.
        README_API_URL: Where the project's base URL is looked up.
        LOGGER: Where this package's log lines go. Replace it by a logger of your own, and
            they go where that one's go.
    """

    METRICS_API: str = SERVER
    README_API_URL: str = _DASHBOARD

    def __init__(
        self,
        api_key: str,
        grouping_function: Callable[[Any], Any] | str | None,
        base_log_url: str | None = None,
        buffer_length: int = 10,
        development_mode: bool = False,
        background_worker_mode: bool = True,
        allowlist: Iterable[str] | None = None,
        denylist: Iterable[str] | None = None,
        blacklist: Iterable[str] | None = None,
        whitelist: Iterable[str] | None = None,
        allowed_http_hosts: Iterable[str] | None = None,
        timeout: float = 3,
    ) -> None:
        self.README_API_KEY = api_key
        self.GROUPING_FUNCTION = grouping_function
        self.BASE_LOG_URL = base_log_url
        self.BUFFER_LENGTH = buffer_length
        self.IS_DEVELOPMENT_MODE = development_mode
        self.IS_BACKGROUND_MODE = background_worker_mode
        self.ALLOWLIST = allowlist or _renamed("whitelist", whitelist, "allowlist")
        self.DENYLIST = denylist or _renamed("blacklist", blacklist, "denylist")
        self.ALLOWED_HTTP_HOSTS = allowed_http_hosts
        self.METRICS_API_TIMEOUT = timeout
        self.LOGGER = _LOGGER

    def backend(self) -> ReadMe:
        """Return the backend that these options describe.

        Raises:
            ConfigurationError: one of them is wrong.
        """
        given: dict[str, Any] = {
            "api_key": self.README_API_KEY,
            "grouping_function": self.GROUPING_FUNCTION,
            "base_log_url": self.BASE_LOG_URL or None,
            "buffer_length": self.BUFFER_LENGTH,
            "development_mode": self.IS_DEVELOPMENT_MODE,
            "background_worker_mode": self.IS_BACKGROUND_MODE,
            "allowlist": self.ALLOWLIST or None,
            "denylist": self.DENYLIST or None,
            "allowed_http_hosts": self.ALLOWED_HTTP_HOSTS or None,
            "timeout": self.METRICS_API_TIMEOUT,
        }
        if self.METRICS_API != SERVER:
            given["server"] = self.METRICS_API
        if self.README_API_URL != _DASHBOARD:
            given["project_url"] = f"{self.README_API_URL.rstrip('/')}/v1/"
        return ReadMe(**given)


class MetricsMiddleware(ApiMetricsMiddleware):
    """Wrap a WSGI app as readme-metrics does.

    Args:
        app: The app to wrap.
        config: The options.

    Raises:
        ConfigurationError: one of the options is wrong.
    """

    def __init__(self, app: WSGIApplication, config: MetricsApiConfig) -> None:
        super().__init__(app, config.backend())
        self.config = config
        _log_by(config.LOGGER)


class ReadMeMetrics:
    """The Flask extension of readme-metrics, by our integration of Flask.

    An app's middleware, with ``flush()`` and ``stats()``, is in
    ``app.extensions["wsgi_apimetrics"]``.

    Args:
        config: The options.
        app: The app, if there is one yet.
    """

    def __init__(self, config: MetricsApiConfig, app: Flask | None = None) -> None:
        self.config = config
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Have every exchange of ``app`` logged. One extension may serve several apps.

        Raises:
            ConfigurationError: an option is wrong, or another extension wraps the app already.
        """
        from .integrations import flask  # here: users of MetricsMiddleware may not have it

        if app.extensions.get(_EXTENSION) is self:
            return  # given to the constructor too
        flask.check_unwrapped(app, "ReadMeMetrics")
        flask.wrap(app, MetricsMiddleware(app.wsgi_app, self.config))
        app.extensions[_EXTENSION] = self


def _log_by(logger: Any) -> None:
    """Have this package's log lines go where those of ``logger`` go, by its level."""
    if isinstance(logger, logging.LoggerAdapter):
        logger = logger.logger
    if not isinstance(logger, logging.Logger):
        raise ConfigurationError(
            f"MetricsApiConfig: LOGGER must be a logging.Logger, not {type(logger).__name__}"
        )
    if logger is _LOGGER or logger.name.startswith(f"{_LOGGER.name}."):
        return
    _LOGGER.parent = logger
    _LOGGER.setLevel(_LOGGER.level)  # which forgets what was decided by the old one's level


def _renamed(old: str, value: Iterable[str] | None, new: str) -> Iterable[str] | None:
    if value is not None:
        warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)
    return value
