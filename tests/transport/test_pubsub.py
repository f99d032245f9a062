"""Pub/Sub by REST: metadata when they are needed, tokens signed here, remedies in words."""

from __future__ import annotations

import json
import threading

import pytest
from apitoolkit_checker import check_message
from google_stand_ins import API_KEY, PROJECT, APIToolkitAndGoogle, account
from servers import Answer, http_server, reset
from strategies import an_exchange

from wsgi_apimetrics.encoding.apitoolkit import APIToolkitEncoder
from wsgi_apimetrics.transport import google, pubsub
from wsgi_apimetrics.transport.client import HttpClient
from wsgi_apimetrics.transport.google import ServiceToken
from wsgi_apimetrics.transport.policy import HttpPolicy
from wsgi_apimetrics.transport.pubsub import PubSubTransport


def a_payload(count=1):
    encoder = APIToolkitEncoder()
    ids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(count)]
    return encoder.pack([encoder.encode(an_exchange(id=id_)) for id_ in ids])


@pytest.fixture
def world():
    return APIToolkitAndGoogle()


@pytest.fixture
def server(world, monkeypatch):
    with http_server(world) as running:
        monkeypatch.setattr(pubsub, "PUBSUB", running.url)
        yield running


@pytest.fixture
def transport(server):
    client = HttpClient(HttpPolicy(), timeout=5)
    transport = PubSubTransport(client, server.url, API_KEY)
    yield transport
    transport.close()


def targets(server):
    return [got.target.rpartition("/")[2] for got in server.got]


def test_metadata_are_fetched_once_and_messages_hold_the_project(world, server, transport):
    """At the first payload, and not again while they serve; every message is a good one."""
    assert server.got == []
    assert transport.send(a_payload(3)).accepted
    assert transport.send(a_payload(1)).accepted
    assert targets(server) == ["client_metadata", "topic-1:publish", "topic-1:publish"]
    messages = [check_message(data) for data in world.messages]
    assert [message["project_id"] for message in messages] == [PROJECT] * 4
    assert [message["msg_id"][-1] for message in messages] == ["0", "1", "2", "0"]


def test_tokens_are_signed_here_and_kept(world, server, transport):
    """The stand-in verifies each signature; one token serves until it is nearly over."""
    transport.send(a_payload())
    transport.send(a_payload())
    assert len(set(world.tokens)) == 1
    assert len(world.messages) == 2


def test_signing_starts_no_thread_and_asks_nobody(server, transport):
    """google-auth's own credentials would: everything that was asked is the server's."""
    before = threading.enumerate()
    transport.send(a_payload())
    ours = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread for thread in ours if "process_request" not in thread.name] == []


def test_a_wrong_key_is_said_without_the_key(world, server, transport):
    """The outcome is a 401 whose remedy names the option."""
    world.key = "another"
    outcome = transport.send(a_payload())
    assert outcome.status_code == 401
    assert "check api_key" in outcome.mend
    assert API_KEY not in outcome.mend + outcome.error
    world.key = API_KEY
    assert transport.send(a_payload()).accepted


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"project_id": "x", "topic_id": "topic-1", "pubsub_project_id": "past-3"}',
        json.dumps(
            {"project_id": PROJECT, "topic_id": "../x", "pubsub_project_id": "past-3"}
        ).encode(),
        json.dumps(
            {"project_id": PROJECT, "topic_id": "topic-1", "pubsub_project_id": "past-3"}
        ).encode(),
        json.dumps(
            {
                "project_id": PROJECT,
                "topic_id": "topic-1",
                "pubsub_project_id": "past-3",
                "pubsub_push_service_account": {"client_email": "a", "private_key": "nonsense"},
            }
        ).encode(),
        json.dumps(
            {
                "project_id": PROJECT,
                "topic_id": "topic-1",
                "pubsub_project_id": "past-3",
                "pubsub_push_service_account": "nonsense",
            }
        ).encode(),
    ],
)
def test_bad_metadata_are_an_outcome_and_recovered_from(world, server, transport, body):
    """Nothing is raised, nothing is published, and good metadata mend it."""
    world.metadata = Answer(200, body=body)
    outcome = transport.send(a_payload())
    assert not outcome.accepted
    assert outcome.status_code is None
    assert "client_metadata" in outcome.error
    assert "nonsense" not in outcome.error
    world.metadata = None
    assert transport.send(a_payload()).accepted


@pytest.mark.parametrize("status", [404, 500])
def test_metadata_that_are_not_to_be_had_keep_their_status(world, transport, status):
    """What to do about it is delivery's decision."""
    world.metadata = Answer(status)
    outcome = transport.send(a_payload())
    assert outcome.status_code == status
    assert "client_metadata" in outcome.mend


def test_a_topic_that_moved_is_found_again(world, server, transport):
    """404: the metadata are fetched again, and the payload goes to the new topic."""
    transport.send(a_payload())
    world.topic = world.named = "topic-2"
    assert transport.send(a_payload()).accepted
    assert targets(server)[2:] == ["topic-1:publish", "client_metadata", "topic-2:publish"]


def test_a_topic_that_is_gone_is_said(world, server, transport):
    """The metadata still name it: the outcome says so; recovery needs nothing but the topic."""
    world.topic = "elsewhere"
    outcome = transport.send(a_payload())
    assert outcome.status_code == 404
    assert "projects/past-3/topics/topic-1" in outcome.mend
    world.topic = "topic-1"
    assert transport.send(a_payload()).accepted


def test_an_account_that_was_changed_is_fetched_again(world, server, transport):
    """Google refuses the old account's key: the new one comes with the metadata."""
    transport.send(a_payload())
    world.handed_out = world.trusted = account("new")
    assert transport.send(a_payload()).accepted
    assert targets(server)[2:] == ["topic-1:publish"] * 2 + ["client_metadata", "topic-1:publish"]


def test_a_revoked_account_is_said(world, server, transport):
    """The metadata bring the same account again: the outcome says who has to act."""
    world.trusted = account("new")
    outcome = transport.send(a_payload())
    assert outcome.status_code == 401
    assert "account" in outcome.mend
    world.handed_out = account("new")
    assert transport.send(a_payload()).accepted


@pytest.mark.parametrize("ahead", [7200, -86400])
def test_a_wrong_clock_costs_one_refusal(world, server, transport, ahead):
    """Tokens are dated by Google's clock from then on, and the outcome says how far it is off."""
    world.ahead = ahead
    first = transport.send(a_payload())
    assert first.accepted
    assert "clock" in first.mend
    second = transport.send(a_payload())
    assert (second.accepted, second.mend) == (True, "")
    assert len(set(world.tokens)) == 2


def test_a_clock_that_was_mended_costs_one_refusal_more(world, server, transport):
    """What was learned of the clock is learned again."""
    world.ahead = 7200
    transport.send(a_payload())
    world.ahead = 0
    assert transport.send(a_payload()).accepted


def test_a_topic_that_is_down_is_an_outcome(world, server, transport):
    """A status, or no answer at all; the metadata are not blamed."""
    world.publish = Answer(503, {"Retry-After": "7"})
    outcome = transport.send(a_payload())
    assert (outcome.status_code, outcome.retry_after, outcome.mend) == (503, "7", "")
    world.publish = Answer(act=reset)
    outcome = transport.send(a_payload())
    assert (outcome.status_code, outcome.uncertain) == (None, True)
    assert targets(server).count("client_metadata") == 1


def test_a_token_lives_an_hour_and_is_renewed_in_time(monkeypatch):
    """Ten minutes before its end at the latest."""
    token = ServiceToken(account().info, now=lambda: 1_700_000_000.0)
    first = token.value()
    assert token.value() is first
    later = google.time.monotonic() + 3001
    monkeypatch.setattr(google.time, "monotonic", lambda: later)
    assert token.value() is not first


def test_a_date_that_cannot_be_read_says_nothing_of_the_clock():
    """A proxy may answer without one."""
    token = ServiceToken(account().info)
    assert token.renew(None) == token.renew("yesterday") == 0.0
