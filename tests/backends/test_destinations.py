"""What a spool belongs to: a start that sends to the same place finds what the last one left."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsgi_apimetrics import OTLP, APIToolkit, Local, ReadMe
from wsgi_apimetrics.config import compose
from wsgi_apimetrics.delivery.spool_files import spool_path


def files(*backends, environment=None):
    """Return the names of the spools that these backends would have."""
    settings = compose(backends, {"spool_dir": "spool"}, environment or {})
    return [Path(spool_path("", it.name, it.destination)).name for it in settings.parts]


def apitoolkit(**more):
    return APIToolkit(**{"api_key": "k", "protocol": "otlp", **more})


def otlp(**more):
    return OTLP(**{"endpoint": "http://c:4318/v1/traces", "headers": {"x-key": "k"}, **more})


def local(**more):
    return Local(**{"path": "there.db", **more})


def readme(**more):
    return ReadMe(**{"api_key": "k", **more})


def test_the_order_of_backends_does_not_matter():
    """Two accounts, named in another order after a change of the configuration."""
    there = files(readme(api_key="a"), readme(api_key="b"))
    assert len(set(there)) == 2
    assert files(readme(api_key="b"), readme(api_key="a")) == there[::-1]


@pytest.mark.parametrize(
    ("backend", "change"),
    [
        (apitoolkit, {"service_version": "2.0"}),
        (apitoolkit, {"tags": ["eu"]}),
        (apitoolkit, {"service_name": "shop"}),
        (apitoolkit, {"debug": True}),
        (otlp, {"service_version": "2.0"}),
        (otlp, {"resource_attributes": {"deployment.environment": "prod"}}),
        (otlp, {"compression": "gzip"}),
        (local, {"max_age_days": 2}),
        (readme, {"development_mode": True}),
        (readme, {"buffer_length": 5}),
    ],
)
def test_what_a_release_changes_leaves_nothing_behind(backend, change):
    """The next version of the app sends what the last one could not."""
    assert files(backend(**change)) == files(backend())


@pytest.mark.parametrize(
    ("backend", "change"),
    [
        (apitoolkit, {"api_key": "other"}),
        (apitoolkit, {"root_url": "https://app.monoscope.tech"}),
        (apitoolkit, {"endpoint": "http://c:4318/v1/traces"}),
        (apitoolkit, {"protocol": "pubsub"}),
        (otlp, {"endpoint": "http://d:4318/v1/traces"}),
        (otlp, {"headers": {"x-key": "other"}}),
        (local, {"path": "elsewhere.db"}),
        (readme, {"api_key": "other"}),
        (readme, {"server": "http://127.0.0.1:1"}),
    ],
)
def test_another_account_or_address_has_a_spool_of_its_own(backend, change):
    """What was meant for one is never sent to another."""
    assert files(backend(**change)) != files(backend())


def test_an_emulator_is_another_address():
    """What a developer has tried out never goes to the real topic."""
    backend = apitoolkit(protocol="pubsub")
    emulated = files(backend, environment={"PUBSUB_EMULATOR_HOST": "localhost:8085"})
    assert emulated != files(backend)
