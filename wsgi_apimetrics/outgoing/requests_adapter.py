"""An adapter for requests whose calls are observed."""

from __future__ import annotations

from typing import Any

from ..exceptions import MissingExtraError
from .observer import Observer
from .urllib3_pool import observe

try:
    from requests.adapters import HTTPAdapter
except ImportError:
    raise MissingExtraError("observed_adapter", "requests") from None


def observed_adapter(request: object = None, **options: Any) -> ObservedAdapter:
    """Return an adapter for :meth:`requests.Session.mount` whose calls are recorded.

    ::

        session = requests.Session()
        session.mount("https://", observed_adapter())

    Args:
        request: The request that all its calls belong to; by default each call belongs to
            the request that its context serves.
        options: Those of :class:`~wsgi_apimetrics.outgoing.observer.Observer`, and any of
            :class:`requests.adapters.HTTPAdapter`.

    Raises:
        ConfigurationError: an option is wrong.
    """
    adapter = {
        name: options.pop(name)
        for name in ("pool_connections", "pool_maxsize", "max_retries", "pool_block")
        if name in options
    }
    return ObservedAdapter(Observer(request, **options), **adapter)


class ObservedAdapter(HTTPAdapter):
    """requests' own adapter on observed pools.

    Args:
        observer: Begins the calls.
        options: Those of :class:`requests.adapters.HTTPAdapter`.
    """

    def __init__(self, observer: Observer, **options: Any) -> None:
        self._observer = observer
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool manager, and observe it."""
        super().init_poolmanager(*args, **kwargs)
        observe(self.poolmanager, self._observer)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the manager for ``proxy``, observed."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not known:
            observe(manager, self._observer)
        return manager
