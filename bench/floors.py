"""Two floors to measure against: the least that any wrapper does, and any tee.

``noop`` swaps ``start_response`` and wraps the iterable. ``tee`` also copies the request's
headers, keeps both bodies up to a cap and appends one record to a bounded deque: what no
middleware that captures whole exchanges can do without.
"""

from __future__ import annotations

import collections
import time

BODY_CAP = 256 * 1024
KEPT_RECORDS = 1000


class _Passing:
    """Wraps an iterable and keeps nothing."""

    __slots__ = ("_close", "_next")

    def __init__(self, app_iter):
        self._next = iter(app_iter).__next__
        self._close = getattr(app_iter, "close", None)

    def __iter__(self):
        return self

    def __next__(self):
        return self._next()

    def close(self):
        if self._close is not None:
            self._close()


def noop(app):
    """Wrap ``app`` and keep nothing."""

    def middleware(environ, start_response):
        def swapped(status, headers, exc_info=None):
            if exc_info:
                return start_response(status, headers, exc_info)
            return start_response(status, headers)

        return _Passing(app(environ, swapped))

    return middleware


class _Record:
    __slots__ = (
        "ended",
        "environ",
        "headers",
        "received",
        "received_size",
        "sent",
        "sent_size",
        "started",
        "status",
    )

    def __init__(self, environ):
        self.started = time.perf_counter()
        self.environ = {
            name: environ[name] for name in environ if name.startswith("HTTP_") or name.isupper()
        }
        self.received, self.received_size = [], 0
        self.sent, self.sent_size = [], 0


class _TeedInput:
    __slots__ = ("_record", "_stream")

    def __init__(self, stream, record):
        self._stream = stream
        self._record = record

    def read(self, *args):
        data = self._stream.read(*args)
        record = self._record
        if record.received_size < BODY_CAP:
            record.received.append(data)
        record.received_size += len(data)
        return data

    def __getattr__(self, name):
        return getattr(self._stream, name)


class _TeedResponse(_Passing):
    __slots__ = ("_out", "_record")

    def __init__(self, app_iter, record, out):
        super().__init__(app_iter)
        self._record = record
        self._out = out

    def __next__(self):
        chunk = self._next()
        record = self._record
        if record.sent_size < BODY_CAP:
            record.sent.append(chunk)
        record.sent_size += len(chunk)
        return chunk

    def close(self):
        try:
            super().close()
        finally:
            self._record.ended = time.perf_counter()
            self._out.append(self._record)


def tee(app):
    """Wrap ``app`` and keep the last thousand records."""
    out = collections.deque(maxlen=KEPT_RECORDS)

    def middleware(environ, start_response):
        record = _Record(environ)
        environ["wsgi.input"] = _TeedInput(environ["wsgi.input"], record)

        def recorded(status, headers, exc_info=None):
            record.status = status
            record.headers = list(headers)
            if exc_info:
                return start_response(status, headers, exc_info)
            return start_response(status, headers)

        return _TeedResponse(app(environ, recorded), record, out)

    return middleware
