"""A topic on a real emulator, and the server that leads to it."""

from __future__ import annotations

import pytest
from google_stand_ins import API_KEY
from pubsub_emulator import Topic, emulator, metadata_server


@pytest.fixture(scope="session")
def emulator_host(tmp_path_factory):
    with emulator(tmp_path_factory.mktemp("pubsub")) as host:
        yield host


@pytest.fixture
def topic(emulator_host):
    return Topic(emulator_host)


@pytest.fixture
def apitoolkit_server(topic, monkeypatch):
    """Answer for APIToolkit; the environment says where it, its key and the emulator are."""
    with metadata_server(topic) as server:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", topic.host)
        monkeypatch.setenv("WSGI_APIMETRICS_APITOOLKIT_API_KEY", API_KEY)
        monkeypatch.setenv("WSGI_APIMETRICS_APITOOLKIT_ROOT_URL", server.url)
        monkeypatch.setenv("WSGI_APIMETRICS_TIMEOUT", "5")
        yield server
