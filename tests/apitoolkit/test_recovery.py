"""What can go wrong between here and the topic: a clear line, nothing lost, no restart."""

from __future__ import annotations

import dataclasses
import logging

import pytest
from apitoolkit_checker import body_of, check_message
from google_stand_ins import API_KEY, APIToolkitAndGoogle, account
from servers import Answer, http_server
from waiting import until
from werkzeug.test import Client

from wsgi_apimetrics import ApiMetricsMiddleware, APIToolkit
from wsgi_apimetrics.transport import pubsub


class Impatient(APIToolkit):
    """APIToolkit with waits that a test can bear."""

    def parts(self, shared, environment):
        parts = super().parts(shared, environment)
        waits = {"first_wait_seconds": 0.02, "first_cool_down_seconds": 0.05}
        caps = {"backoff_cap_seconds": 0.1, "cool_down_cap_seconds": 0.1}
        return dataclasses.replace(parts, retries=parts.retries._replace(**waits, **caps))


def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@pytest.fixture
def world():
    return APIToolkitAndGoogle()


@pytest.fixture
def middleware(world, monkeypatch):
    with http_server(world) as server:
        monkeypatch.setattr(pubsub, "PUBSUB", server.url)
        backend = Impatient(
            api_key=API_KEY, root_url=server.url, flush_interval_seconds=0.01, timeout=10
        )
        middleware = ApiMetricsMiddleware(app, backend, max_body_bytes=20_000_000)
        yield middleware
        middleware.shutdown(1)


def wrong_key(world):
    world.key = "another"


def bad_metadata(world):
    world.metadata = Answer(200, body=b"<html>")


def revoked_account(world):
    world.trusted = account("new")


def deleted_topic(world):
    world.topic = "elsewhere"


def mend(world):
    fresh = APIToolkitAndGoogle()
    world.key, world.topic, world.metadata = fresh.key, fresh.topic, None
    world.handed_out = world.trusted


@pytest.mark.parametrize(
    ("breaks", "line"),
    [
        (wrong_key, "check api_key"),
        (bad_metadata, "not with a key's metadata"),
        (revoked_account, "account"),
        (deleted_topic, "projects/past-3/topics/topic-1"),
    ],
)
@pytest.mark.parametrize("already_sending", [False, True])
def test_it_is_said_and_mends_itself(world, middleware, caplog, breaks, line, already_sending):
    """Before the first message as after it; every exchange arrives once it is mended."""
    caplog.set_level(logging.WARNING, "wsgi_apimetrics")
    client = Client(middleware)
    if already_sending:
        client.get("/")
        until(lambda: world.messages, 15)
        if breaks in {wrong_key, bad_metadata}:
            deleted_topic(world)  # so that the metadata are needed again
    breaks(world)
    for _ in range(5):
        client.get("/")
    until(lambda: line in caplog.text, 15)
    assert API_KEY not in caplog.text
    assert "private" not in caplog.text.lower()
    mend(world)
    assert middleware.flush(15)
    ids = {check_message(data)["msg_id"] for data in world.messages}
    assert len(ids) == 5 + already_sending
    stats = middleware.stats()["apitoolkit"]
    assert (stats.delivered, stats.dropped) == (5 + already_sending, {})


def test_a_wrong_clock_is_said_and_nothing_is_lost(world, middleware, caplog):
    """Delivered all the same."""
    world.ahead = 7200
    with caplog.at_level(logging.WARNING, "wsgi_apimetrics"):
        Client(middleware).get("/")
        assert middleware.flush(10)
    assert "clock" in caplog.text
    assert len(world.messages) == 1


def test_a_message_over_ten_megabytes_goes_without_its_bodies(world, middleware):
    """Google would refuse it; the rest of the exchange, and all others, arrive."""
    client = Client(middleware)
    client.post("/large", data=b"x" * 12_000_000, content_type="text/plain")
    client.post("/small", data=b"y", content_type="text/plain")
    assert middleware.flush(30)
    large, small = (check_message(data) for data in world.messages)
    assert body_of(large["request_body"]) == "[not recorded: too large]"
    assert body_of(small["request_body"]) == "y"
    stats = middleware.stats()["apitoolkit"]
    assert (stats.delivered, stats.dropped) == (2, {})
    assert sum(stats.omitted_bodies.values()) == 1
