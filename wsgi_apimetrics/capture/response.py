"""The tees on the way out: ``start_response``, ``write`` and the response's iterable.

PEP 3333's rules, as they are kept here: one chunk in, one chunk out, none held back or joined
("Buffering and Streaming"); ``close()`` is passed on exactly once; a length is shown exactly
when the app's iterable shows one, since servers make a Content-Length of it; a file wrapper's
result goes back as the very object that came ("Optional Platform-Specific File Handling").
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .body import BodyRecorder

Finish = Callable[[], None]

_PARAMETERS = ("status", "headers", "exc_info")
"""The parameters of ``start_response`` as servers name them."""
Failed = Callable[[BaseException], None]


class ResponseTee:
    """Stands in for the app's iterable; ends the exchange when it is closed.

    Not a generator: one that is closed before its first chunk never runs its ``finally``, and
    the app's ``close()`` would not be called.
    """

    __slots__ = ("__weakref__", "_add", "_app_iter", "_begun", "_end", "_next", "_over")

    def __init__(self, app_iter: Any, recorder: BodyRecorder, end: ResponseEnd) -> None:
        self._app_iter = app_iter
        self._next: Any = getattr(app_iter, "__next__", None)
        self._add = recorder.add
        self._end = end
        self._begun = False
        self._over = False

    def __iter__(self) -> Iterator[Any]:
        # Asked of the app's iterable when the server asks us: doing it earlier would start
        # apps that the server never starts. Asked once: the iterator of an iterator is itself,
        # while the app's iterable may begin anew.
        if self._begun:
            return self
        self._begun = True
        try:
            self._next = iter(self._app_iter).__next__
        except BaseException as error:
            self._end.failed(error)
            raise
        return self

    def __next__(self) -> Any:
        try:
            chunk = self._next()
        except StopIteration:
            self._end.exhausted()
            raise
        except BaseException as error:
            self._end.failed(error)
            raise
        self._add(chunk)
        return chunk

    def close(self) -> None:
        """Close the app's iterable if it can be closed, and end the exchange."""
        if self._over:
            return
        self._over = True
        try:
            close = getattr(self._app_iter, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._end.failed(error)
            raise
        finally:
            self._end.finish()

    def __del__(self) -> None:
        # A server that forgets close() must not cost the record; the app's close() stays
        # uncalled then, as it would without us. While the interpreter ends it is too late for
        # a record: nobody sends it any more, and a thread that is started then never runs.
        if not self._over and not sys.is_finalizing():
            self._over = True
            self._end.finish()


class SizedResponseTee(ResponseTee):
    """For an iterable that has a length."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._app_iter)


class ResponseEnd:
    """What a tee tells about how its response went. The base of a request's capture."""

    __slots__ = ()

    def exhausted(self) -> None:
        """The iterable has given its last chunk."""
        raise NotImplementedError

    def failed(self, error: BaseException) -> None:
        """The app raised ``error``, which goes on to the server."""
        raise NotImplementedError

    def finish(self) -> None:
        """The server is done with the response."""
        raise NotImplementedError


def tee_response(app_iter: Any, recorder: BodyRecorder, end: ResponseEnd) -> ResponseTee:
    """Wrap an iterable, with a length exactly if it has one."""
    kind = SizedResponseTee if hasattr(type(app_iter), "__len__") else ResponseTee
    return kind(app_iter, recorder, end)


def positional(args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the arguments of a ``start_response`` call in their order.

    Raises:
        TypeError: a name is not one that servers know, as they say it.
    """
    names = _PARAMETERS[len(args) :]
    if tuple(name for name in names if name in named) != names[: len(named)]:
        raise TypeError(f"start_response() got unexpected arguments: {', '.join(named)}")
    return (*args, *(named[name] for name in names[: len(named)]))


def is_file_result(app_iter: Any, wrapper: Any) -> bool:
    """Whether a server may send ``app_iter`` by a way of its own (sendfile).

    Where ``wsgi.file_wrapper`` is a class, servers look for an instance of it; uWSGI's is a
    function that returns the file itself and compares addresses.
    """
    if wrapper is None:
        return False
    if isinstance(wrapper, type):
        return isinstance(app_iter, wrapper)
    return hasattr(app_iter, "fileno") or hasattr(app_iter, "read")


def hook_close(app_iter: Any, finish: Finish) -> bool:
    """Have ``finish`` called after the file result's own ``close``, if that can be arranged.

    Returns:
        Whether it could: an object that takes no attribute is left as it came.
    """
    close = getattr(app_iter, "close", None)
    if close is None:
        return False
    try:
        app_iter.close = _FileClose(close, finish)
    except (AttributeError, TypeError):
        return False
    return True


class _FileClose:
    """The ``close`` of a file result, which ends the exchange when it is first called."""

    __slots__ = ("_close", "_finish")

    def __init__(self, close: Callable[[], Any], finish: Finish) -> None:
        self._close = close
        self._finish: Finish | None = finish

    def __call__(self) -> Any:
        try:
            return self._close()
        finally:
            self._end()

    def __del__(self) -> None:
        # As for the tee: a server that forgets close() must not cost the record.
        self._end()

    def _end(self) -> None:
        finish, self._finish = self._finish, None
        if finish is not None:
            finish()
