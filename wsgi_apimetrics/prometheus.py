"""The counts of every backend as Prometheus metrics, by the official client.

Needs the extra ``prometheus``. Nothing is collected until Prometheus asks, and a scrape costs
one look at each backend's account::

    from prometheus_client import REGISTRY
    from wsgi_apimetrics.prometheus import ApiMetricsCollector

    REGISTRY.register(ApiMetricsCollector(app))

The counts are those of the process that is asked: with several worker processes, let each be
scraped, or look at the backend's side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .exceptions import MissingExtraError
from .stats import BackendStats

if TYPE_CHECKING:
    from prometheus_client.core import Metric

COUNTERS = {
    "captured": "Exchanges captured, wanted or not.",
    "delivered": "Exchanges that the backend has accepted.",
    "retried": "Exchanges sent again, once for each time.",
    "dead_lettered": "Exchanges that the backend refused for good.",
}
GAUGES = {
    "adopted": "Exchanges taken over from other processes' spools, less those taken from here.",
    "spooled": "Exchanges on disk, this process's to send.",
    "queue_depth": "Exchanges waiting in memory.",
    "queue_bytes": "Bytes of exchanges waiting in memory.",
}
BY_REASON = {
    "dropped": "Exchanges given up.",
    "omitted_bodies": "Exchanges sent without their bodies.",
}
TIMES = {
    "last_success": "Unix time of the last payload that was accepted.",
    "last_error_at": "Unix time of the last failure.",
}


class Counted(Protocol):
    """What has counts by backend: the middleware."""

    def stats(self) -> Mapping[str, BackendStats]:
        """Return each backend's counts by its name."""
        ...


class ApiMetricsCollector:
    """A collector for a Prometheus registry.

    Args:
        counted: The middleware.
        prefix: What the metrics' names begin with.

    Raises:
        MissingExtraError: prometheus-client is not installed.
    """

    def __init__(self, counted: Counted, prefix: str = "wsgi_apimetrics") -> None:
        try:
            from prometheus_client import core
        except ImportError:
            raise MissingExtraError("ApiMetricsCollector", "prometheus") from None
        self._families: Any = core
        self._counted = counted
        self._prefix = prefix

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without their values; registering looks at no backend."""
        return list(self._metrics({}))

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are at this moment."""
        return list(self._metrics(self._counted.stats()))

    def _metrics(self, by_backend: Mapping[str, BackendStats]) -> Iterator[Metric]:
        counter, gauge = self._families.CounterMetricFamily, self._families.GaugeMetricFamily
        for names, family in ((COUNTERS, counter), (GAUGES, gauge)):
            for name, text in names.items():
                metric = family(f"{self._prefix}_{name}", text, labels=["backend"])
                for backend, stats in by_backend.items():
                    metric.add_metric([backend], getattr(stats, name))
                yield metric
        for name, text in BY_REASON.items():
            metric = counter(f"{self._prefix}_{name}", text, labels=["backend", "reason"])
            for backend, stats in by_backend.items():
                for reason, count in sorted(getattr(stats, name).items()):
                    metric.add_metric([backend, reason], count)
            yield metric
        for name, text in TIMES.items():
            metric = gauge(f"{self._prefix}_{name}_timestamp_seconds", text, labels=["backend"])
            for backend, stats in by_backend.items():
                if getattr(stats, name) is not None:
                    metric.add_metric([backend], getattr(stats, name))
            yield metric
