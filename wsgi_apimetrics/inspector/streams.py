"""The live stream: what comes into a store, as Server-Sent Events (HTML, section 9.2).

A stream keeps one of the server's threads for as long as it is open. So there are at most so
many, none on a server that has no threads, and each ends by itself after a while: the browser
comes back through the gate, with the place that it had reached (``Last-Event-ID``).
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from werkzeug.wrappers import Response

from ..exceptions import StoreError

EVERY_SECONDS = 0.5
HEARTBEAT_SECONDS = 1.0
"""Something is sent at least as often: that a client has left is known by a write that fails."""
LONGEST_SECONDS = 15.0
"""A server that wants to end, and who may no longer look, is made to wait no longer than this."""

_HEADERS = {
    "Cache-Control": "no-store, no-transform",  # a proxy that compresses would hold it back
    "X-Accel-Buffering": "no",  # nginx's word for the same
}
_COME_BACK = b"retry: 1000\n\n"

News = dict[str, Any]
"""What came: ``rows``, and ``seq``, the place to go on from."""


class Streams:
    """The streams that one inspector has open in this process.

    Args:
        at_most: How many; 0 for none.
    """

    def __init__(self, at_most: int) -> None:
        self._some = at_most > 0
        self._free = threading.Semaphore(at_most)
        self._closing = threading.Event()

    def suit(self, environ: Mapping[str, Any]) -> bool:
        """Whether this request's server has threads (PEP 3333: ``wsgi.multithread``)."""
        return self._some and bool(environ.get("wsgi.multithread"))

    def answer(self, environ: Mapping[str, Any], news: Callable[[int], News], seq: int) -> Response:
        """Answer with a stream, or with 204, which tells a browser not to ask for one again.

        Args:
            environ: The request's.
            news: Returns what came after a place in the store.
            seq: The place to begin at.
        """
        if not self.suit(environ) or not self._free.acquire(blocking=False):
            return Response(status=204)
        response = Response(self._events(news, seq), mimetype="text/event-stream", headers=_HEADERS)
        response.call_on_close(self._free.release)
        return response

    def close(self) -> None:
        """End all streams, as soon as each looks up."""
        self._closing.set()

    def _events(self, news: Callable[[int], News], seq: int) -> Iterator[bytes]:
        """Yield the first at once, which shows the page that nothing on the way holds them back."""
        yield _COME_BACK
        heartbeat = now = time.monotonic()
        end = now + LONGEST_SECONDS
        while now < end:
            try:
                found = news(seq)
            except (StoreError, sqlite3.OperationalError):
                return  # the browser comes back, and is told then what is wrong with the store
            seq = found["seq"]
            if found["rows"] or now >= heartbeat:
                yield f"id: {seq}\ndata: {json.dumps(found)}\n\n".encode()
                heartbeat = now + HEARTBEAT_SECONDS
            if self._closing.wait(EVERY_SECONDS):
                return
            now = time.monotonic()
