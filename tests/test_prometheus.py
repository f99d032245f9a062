"""The counts as Prometheus metrics, by the official client."""

from __future__ import annotations

import sys

import pytest

from wsgi_apimetrics.exceptions import MissingExtraError
from wsgi_apimetrics.prometheus import ApiMetricsCollector
from wsgi_apimetrics.stats import BackendStats

pytest.importorskip("prometheus_client")


class Counted:
    """Two backends with different counts."""

    def stats(self):
        return {
            "readme": BackendStats(
                captured=10, delivered=6, retried=3, spooled=1, dead_lettered=1,
                dropped={"queue_full": 1}, queue_depth=1, queue_bytes=99, last_success=12.5,
                omitted_bodies={"too_large": 2},
            ),
            "local": BackendStats(captured=10, delivered=10),
        }  # fmt: skip


@pytest.fixture
def text():
    """What a scrape returns."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(ApiMetricsCollector(Counted()))
    return generate_latest(registry).decode()


@pytest.mark.parametrize(
    "line",
    [
        'wsgi_apimetrics_captured_total{backend="readme"} 10.0',
        'wsgi_apimetrics_delivered_total{backend="local"} 10.0',
        'wsgi_apimetrics_dropped_total{backend="readme",reason="queue_full"} 1.0',
        'wsgi_apimetrics_omitted_bodies_total{backend="readme",reason="too_large"} 2.0',
        'wsgi_apimetrics_spooled{backend="readme"} 1.0',
        'wsgi_apimetrics_queue_bytes{backend="readme"} 99.0',
        'wsgi_apimetrics_last_success_timestamp_seconds{backend="readme"} 12.5',
    ],
)
def test_line(text, line):
    """Each count has its metric, by backend."""
    assert line in text.splitlines()


def test_what_never_happened_has_no_time(text):
    """A backend that has not succeeded yet has no time of its last success."""
    assert 'last_success_timestamp_seconds{backend="local"}' not in text


def test_registering_looks_at_no_backend():
    """Registering describes the metrics and reads no count."""
    from prometheus_client import CollectorRegistry

    class Never:
        def stats(self):
            raise AssertionError

    CollectorRegistry().register(ApiMetricsCollector(Never()))


def test_missing_client_names_the_extra(monkeypatch):
    """Without the client the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtraError, match=r"wsgi-apimetrics\[prometheus\]"):
        ApiMetricsCollector(Counted())
