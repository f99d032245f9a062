"""Layers that must not pass: each makes one of the mistakes that middleware is known for."""

from __future__ import annotations

import io


def identity(app):
    """No layer at all."""
    return app


def forgets_close(app):
    """A generator as the wrapper: closed before its first chunk, it never runs."""

    def layer(environ, start_response):
        result = app(environ, start_response)

        def wrapped():
            try:
                yield from result
            finally:
                if hasattr(result, "close"):
                    result.close()

        return wrapped()

    return layer


class Wrapped:
    def __init__(self, result):
        self.result = result
        self.iterator = None

    def __iter__(self):
        self.iterator = iter(self.result)
        return self

    def __next__(self):
        return next(self.iterator)

    def close(self):
        if hasattr(self.result, "close"):
            self.result.close()


def loses_len(app):
    """Wraps well, and every result: the server has no length to send."""
    return lambda environ, start_response: Wrapped(app(environ, start_response))


def buffers(app):
    """Joins the response to one chunk."""

    def layer(environ, start_response):
        result = app(environ, start_response)
        try:
            return [b"".join(result)]
        finally:
            if hasattr(result, "close"):
                result.close()

    return layer


def decodes(app):
    """Takes every chunk for UTF-8."""

    class Decoding(Wrapped):
        def __next__(self):
            chunk = super().__next__()
            chunk.decode()
            return chunk

    return lambda environ, start_response: Decoding(app(environ, start_response))


def closes_twice(app):
    """Closes at the end of the body and again when it is closed."""

    class Twice(Wrapped):
        def __next__(self):
            try:
                return super().__next__()
            except StopIteration:
                self.close()
                raise

    return lambda environ, start_response: Twice(app(environ, start_response))


def reads_ahead(app):
    """Reads the whole input before the app does."""

    def layer(environ, start_response):
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
        return app(environ, start_response)

    return layer


def drops_empty_chunks(app):
    """Yields only chunks that are not empty."""

    class Dropping(Wrapped):
        def __next__(self):
            while not (chunk := super().__next__()):
                pass
            return chunk

    return lambda environ, start_response: Dropping(app(environ, start_response))


def swallows(app):
    """Turns an exception into a response."""

    def layer(environ, start_response):
        try:
            return app(environ, start_response)
        except Exception:
            start_response("500 Internal Server Error", [])
            return []

    return layer


def headers_to_set(app):
    """Loses repeated headers and their order."""

    def layer(environ, start_response):
        return app(
            environ,
            lambda status, headers, *more: start_response(status, sorted(set(headers)), *more),
        )

    return layer


def always_passes_exc_info(app):
    """Gives ``start_response`` a third argument whether or not the app did."""

    def layer(environ, start_response):
        return app(
            environ,
            lambda status, headers, exc_info=None: start_response(status, headers, exc_info),
        )

    return layer


def loses_write(app):
    """Gives the app no ``write()``."""

    def layer(environ, start_response):
        def started(*args):
            start_response(*args)

        return app(environ, started)

    return layer


BROKEN = (
    forgets_close,
    loses_len,
    buffers,
    decodes,
    closes_twice,
    reads_ahead,
    drops_empty_chunks,
    swallows,
    headers_to_set,
    always_passes_exc_info,
    loses_write,
)
