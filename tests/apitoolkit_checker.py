"""The rules of APIToolkit's server for a message, as a checker: would it be poisoned?

Modelled on ``RequestMessage`` of the server's ``ProcessMessage.hs`` and on ``b64ToJson`` of its
``Utils.hs``, stricter where a lenient parser would guess.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from datetime import datetime

SDK_TYPES = frozenset(
    """
    GoGin GoBuiltIn GoGorillaMux GoFiber GoDefault GoOutgoing PhpLaravel PhpSymfony JsExpress
    JsNest JsFastify JsAdonis JsNext JavaSpringBoot JsAxiosOutgoing JsOutgoing DotNet
    PythonFastApi PythonFlask PythonDjango PythonOutgoing PhpSlim GuzzleOutgoing ElixirPhoenix
    PythonPyramid DotNetOutgoing TestkitOutgoing JavaSpring JavaApacheOutgoing JavaVertx SDKUnknown
    """.split()  # noqa: SIM905
)
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?Z")


def _text(value):
    assert isinstance(value, str), value


def _whole(value):
    assert type(value) is int, value
    assert -(2**63) <= value < 2**63, value


def _uuid(value):
    assert value == str(uuid.UUID(value)), value


def _zoned(value):
    assert _ZONED.fullmatch(value), value
    assert datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo is not None


def _utc(value):
    assert _UTC.fullmatch(value), value


def _names_to_lists(value):
    assert isinstance(value, dict), value
    for values in value.values():
        assert isinstance(values, list), value
        assert values, value
        for one in values:
            _text(one)


def _names_to_texts(value):
    assert isinstance(value, dict), value
    for one in value.values():
        _text(one)


def body_of(text):
    """Return the document that a body's text holds; raises where the server would keep {}."""
    return strict_json(base64.b64decode(text, validate=True))


def _sdk_type(value):
    assert value in SDK_TYPES, value


def _texts(value):
    assert isinstance(value, list), value
    for one in value:
        _text(one)


_ERROR = {
    "when": _utc,
    "error_type": _text,
    "root_error_type": _text,
    "message": _text,
    "root_error_message": _text,
    "stack_trace": _text,
}


def check_error(error):
    """Raise :class:`AssertionError` for an error that would poison its message."""
    _fields(error, _ERROR, {})


def _errors(value):
    assert isinstance(value, list), value
    for error in value:
        check_error(error)


_REQUIRED = {
    "duration": _whole,
    "method": _text,
    "path_params": _names_to_texts,
    "project_id": _uuid,
    "proto_major": _whole,
    "proto_minor": _whole,
    "query_params": _names_to_lists,
    "raw_url": _text,
    "request_body": body_of,
    "request_headers": _names_to_lists,
    "response_body": body_of,
    "response_headers": _names_to_lists,
    "sdk_type": _sdk_type,
    "status_code": _whole,
    "timestamp": _zoned,
}
_OPTIONAL = {
    "errors": _errors,
    "host": _text,
    "msg_id": _uuid,
    "parent_id": _uuid,
    "referer": _text,
    "service_version": _text,
    "tags": _texts,
    "url_path": _text,
}


def _fields(found, required, optional):
    assert isinstance(found, dict), found
    missing = required.keys() - found.keys()
    assert not missing, missing
    unknown = found.keys() - required.keys() - optional.keys()
    assert not unknown, unknown
    for name, value in found.items():
        check = required.get(name)
        if check is None:
            if value is None:
                continue
            check = optional[name]
        try:
            check(value)
        except (AssertionError, ValueError) as error:
            raise AssertionError(f"{name}: {error}") from error


def strict_json(content):
    """Parse as a strict parser does: UTF-8, no NaN, no lone surrogate, no name twice."""

    def no_constant(word):
        raise AssertionError(word)

    def no_repetition(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), names
        return dict(pairs)

    value = json.loads(
        content.decode("utf-8"), parse_constant=no_constant, object_pairs_hook=no_repetition
    )
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def check_message(content: bytes) -> dict:
    """Return the message that ``content`` holds.

    Raises:
        AssertionError: the server would drop it.
    """
    message = strict_json(content)
    _fields(message, _REQUIRED, _OPTIONAL)
    return message
