"""One sink for everybody: takes what each subject sends, in its vendor's protocol, and counts it.

A process of its own, with a port for each subject. What came is kept as it is and only counted
when somebody asks, so that counting does not compete with what is measured. Run as
``python -m bench.sink NAME...``; says its ports as JSON on its first line.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
import time
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_SECONDS = 1.0
PUBLISH = "/google.pubsub.v1.Publisher/Publish"


class Inbox:
    """What came in for one subject."""

    def __init__(self):
        self._bodies = []
        self._exchanges = 0
        self.payloads = 0
        self.mode = "healthy"

    def put(self, count, body):
        self.payloads += 1
        self._bodies.append((count, body))

    def counts(self):
        bodies, self._bodies = self._bodies, []
        self._exchanges += sum(count(body) for count, body in bodies)
        return {"exchanges": self._exchanges, "payloads": self.payloads}

    def wait(self):
        """Behave as badly as the mode says."""
        if self.mode == "slow":
            time.sleep(SLOW_SECONDS)
        while self.mode == "hanging":
            time.sleep(0.1)


def listed(body):
    """How many exchanges a JSON array holds."""
    return len(json.loads(body))


def spanned(body):
    """How many server spans an OTLP request holds."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    return sum(
        span.kind == span.SPAN_KIND_SERVER
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def published(body):
    """How many messages a Pub/Sub request holds."""
    from google.pubsub_v1 import PublishRequest

    return len(PublishRequest.deserialize(body).messages)


def handler_for(inbox, account):
    """Return the request handler of one subject's port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path.endswith(("/v1/request", "/v1/events/batch")):
                inbox.put(listed, body)
            elif self.path.endswith("/v1/traces"):
                inbox.put(spanned, body)
            inbox.wait()
            self._answer(b"{}" if "json" in self.headers.get("Content-Type", "") else b"")

        def do_GET(self):
            self._answer(json.dumps(account() if "client_metadata" in self.path else {}).encode())

        def _answer(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    return Handler


def serve(name, inbox):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(inbox, pubsub_account))
    threading.Thread(target=server.serve_forever, daemon=True, name=name).start()
    return server.server_port


def serve_pubsub(inbox):
    """Be the one method of Google's Pub/Sub that APIToolkit's package calls."""
    import grpc
    from google.pubsub_v1 import PublishResponse

    def publish(body, _):
        inbox.put(published, body)
        inbox.wait()
        ids = [str(index) for index in range(published(body))]
        return PublishResponse.serialize(PublishResponse(message_ids=ids))

    class Publisher(grpc.GenericRpcHandler):
        def service(self, details):
            return (
                grpc.unary_unary_rpc_method_handler(publish) if details.method == PUBLISH else None
            )

    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Publisher(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return port, server


def pubsub_account():
    """What APIToolkit's server tells its package: where to publish, and as whom."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "project_id": "00000000-0000-0000-0000-000000000000",
        "pubsub_project_id": "bench",
        "topic_id": "bench",
        "pubsub_push_service_account": {
            "type": "service_account",
            "client_email": "bench@example.com",
            "token_uri": "http://127.0.0.1/token",
            "private_key": key.decode(),
        },
    }


def main():
    inboxes = {name: Inbox() for name in sys.argv[1:]}
    ports = {name: serve(name, inbox) for name, inbox in inboxes.items()}
    if "apitoolkit-flask" in inboxes:
        ports["pubsub"], kept = serve_pubsub(inboxes["apitoolkit-flask"])
    print(json.dumps(ports), flush=True)
    for line in sys.stdin:
        name, _, mode = line.strip().partition(" ")
        if mode:
            inboxes[name].mode = mode
        print(json.dumps(inboxes[name].counts()), flush=True)
    del kept


if __name__ == "__main__":
    main()
