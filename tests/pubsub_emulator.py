"""Google's Pub/Sub emulator, and what a topic on it has received by Google's own client."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import pytest
from apitoolkit_checker import check_message
from components import require
from google_stand_ins import API_KEY, PROJECT
from servers import Answer, free_port, http_server


@contextlib.contextmanager
def emulator(folder):
    """Run the emulator; yields its ``host:port``."""
    jar = require("pubsub-emulator")
    host = f"127.0.0.1:{free_port()}"
    name, _, port = host.partition(":")
    with (folder / "pubsub-emulator.log").open("wb") as log:
        process = subprocess.Popen(
            ["java", "-jar", jar, f"--host={name}", f"--port={port}"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(process, host)
        yield host
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait_until_it_answers(process, host):
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://{host}/", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "the emulator has ended"
            assert time.monotonic() < deadline, "the emulator does not answer"
            time.sleep(0.1)


class Topic:
    """A topic of its own, and a subscription that was there from the beginning."""

    def __init__(self, host):
        self.host = host
        self.project = "past-3"
        self.name = f"topic-{uuid.uuid4().hex}"
        self._subscription = f"{self.name}-sub"
        self.create()

    @property
    def path(self):
        return f"projects/{self.project}/topics/{self.name}"

    def create(self):
        self._put("topics", self.name, {})
        self._put("subscriptions", self._subscription, {"topic": self.path})

    def delete(self):
        self._call("DELETE", f"topics/{self.name}")

    def messages(self, count, timeout=20):
        """Return ``count`` messages, each checked, pulled by google-cloud-pubsub."""
        pytest.importorskip("google.protobuf.runtime_version", reason="protobuf is too old for it")
        from google.api_core import exceptions
        from google.cloud import pubsub_v1

        os.environ["PUBSUB_EMULATOR_HOST"] = self.host
        deadline = time.monotonic() + timeout
        found = {}
        with pubsub_v1.SubscriberClient() as client:
            path = client.subscription_path(self.project, self._subscription)
            while len(found) < count:
                assert time.monotonic() < deadline, f"{len(found)} of {count} messages came"
                with contextlib.suppress(exceptions.DeadlineExceeded):
                    answer = client.pull(subscription=path, max_messages=1000, timeout=2)
                    for received in answer.received_messages:
                        message = check_message(received.message.data)
                        found[message["msg_id"]] = message
                    ids = [received.ack_id for received in answer.received_messages]
                    if ids:
                        client.acknowledge(subscription=path, ack_ids=ids)
        return sorted(found.values(), key=lambda message: message["timestamp"])

    def _put(self, kind, name, body):
        self._call("PUT", f"{kind}/{name}", body)

    def _call(self, method, what, body=None):
        request = urllib.request.Request(
            f"http://{self.host}/v1/projects/{self.project}/{what}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request):
            pass


@contextlib.contextmanager
def metadata_server(topic):
    """Answer ``client_metadata`` for ``topic``; yields the server."""

    def answer(got):
        if got.headers.get("Authorization") != f"Bearer {API_KEY}":
            return Answer(401)
        said = {
            "project_id": PROJECT,
            "topic_id": topic.name,
            "pubsub_project_id": topic.project,
            "pubsub_push_service_account": {},
        }
        return Answer(200, body=json.dumps(said).encode())

    with http_server(answer) as server:
        yield server
