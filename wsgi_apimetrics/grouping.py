"""Who called: runs the user's grouping functions and checks what they return.

The vendor's page, "Identifying the API Caller": ``api_key`` (or ``id``) is required, ``label``
and ``email`` are welcome; ``None`` says that the request is not to be logged. What is wrong
with an answer is logged by field name, never by value: a value may be a key.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .capture.body import recorded
from .capture.capture import GROUP_KEY
from .capture.record import GroupOutcome, RawExchange
from .notices import Notices
from .reported import Group
from .stats import DropReason

GroupingFunction = Callable[[Any], Any]

REQUEST_KEY = "wsgi_apimetrics.request"
"""Where an integration leaves the framework's own request."""

REQUEST_KEYS = (REQUEST_KEY, "bottle.request", "werkzeug.request")
"""Where frameworks leave the request that their users know; werkzeug's may be a middleware's."""

_FIELDS = frozenset({"api_key", "id", "label", "email"})


class Grouping:
    """The distinct grouping functions of one middleware, run once per exchange each."""

    def __init__(self, functions: tuple[GroupingFunction, ...], notices: Notices) -> None:
        self._functions = functions
        self._notices = notices

    def __call__(self, environ: Mapping[str, Any], raw: RawExchange) -> tuple[GroupOutcome, ...]:
        """Return what each function comes to for this request.

        What the app itself put at ``environ["wsgi_apimetrics.group"]`` wins over them all.
        """
        said = environ.get(GROUP_KEY)
        if said is not None:
            return (self._checked(lambda _: said, None),) * max(1, len(self._functions))
        request = self._request(environ, raw)
        return tuple(self._checked(function, request) for function in self._functions)

    def _request(self, environ: Mapping[str, Any], raw: RawExchange) -> Any:
        for key in REQUEST_KEYS:
            request = environ.get(key)
            if request is not None:
                return request
        return request_of(raw)

    def _checked(self, function: GroupingFunction, request: Any) -> GroupOutcome:
        try:
            return self._group(function(request))
        except Exception as error:
            text = str(error) if isinstance(error, _OddGroupError) else type(error).__name__
            self._notices.warn(
                f"grouping function: {text}",
                "the grouping function failed (%s): the exchange is not logged",
                text,
            )
            return DropReason.GROUPING_FAILED

    def _group(self, said: Any) -> GroupOutcome:
        if said is None:
            return DropReason.NO_GROUP
        if said.__class__ is not dict and not isinstance(said, Mapping):
            raise _OddGroupError(f"it returned {type(said).__name__}, not a dict or None")
        key = said.get("api_key", said.get("id"))
        if key is None or key == "":
            raise _OddGroupError("'api_key' is missing or empty in what it returned")
        if not isinstance(key, (str, int, float)) or isinstance(key, bool):
            raise _OddGroupError(f"'api_key' is {type(key).__name__}, not a text or a number")
        label, email = said.get("label"), said.get("email")
        for name, value in (("label", label), ("email", email)):
            if value is not None and not isinstance(value, str):
                raise _OddGroupError(f"{name!r} is {type(value).__name__}, not a text")
        if not _FIELDS.issuperset(said):
            unknown = sorted(str(name) for name in said if name not in _FIELDS)
            self._notices.warn(
                "grouping function: unknown fields",
                "the grouping function returned fields that are not sent: %.80s",
                unknown,
            )
        return Group(str(key), label, email)


class _OddGroupError(ValueError):
    """What the grouping function returned can't be used; the text says why, without values."""


def request_of(raw: RawExchange) -> Any:
    """Return a werkzeug Request over the snapshot and what was read of the body so far."""
    body = b"" if raw.received is None else recorded(raw.received).content
    environ: dict[str, Any] = {**raw.environ}
    environ["wsgi.input"] = io.BytesIO(body)
    environ["wsgi.input_terminated"] = True
    environ["wsgi.errors"] = sys.stderr
    environ["CONTENT_LENGTH"] = str(len(body))
    return _request_class()(environ, populate_request=False)


@cache
def _request_class() -> Any:
    from werkzeug.wrappers import Request

    return Request
