"""APIToolkit's messages, out of a Pub/Sub publish request, read to exchanges."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ...exchange import Body, ErrorRecord, Exchange, Headers, Request, Response, Timings
from .reading import body, from_base64, id_of, moment, multiple

_FRAMEWORKS = {"PythonDjango": "django", "PythonFlask": "flask", "PythonPyramid": "pyramid"}


def exchanges(publish: Any) -> list[Exchange]:
    """Read the messages of a publish request.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: one of them is none.
    """
    return [_exchange(json.loads(from_base64(one.get("data")))) for one in publish["messages"]]


def _exchange(message: Mapping[str, Any]) -> Exchange:
    url = urllib.parse.urlsplit(str(message["raw_url"]))
    sent, got = multiple(message["request_headers"]), multiple(message["response_headers"])
    params = message.get("path_params")
    sdk = str(message.get("sdk_type") or "")
    errors = message.get("errors") or ()
    return Exchange(
        id=id_of(message.get("msg_id")),
        started_at=moment(message["timestamp"]),
        request=Request(
            method=str(message["method"]),
            scheme=url.scheme or "http",
            host=str(message.get("host") or url.netloc),
            path=url.path or "/",
            query=url.query or _query(message.get("query_params")),
            protocol_version=f"{message.get('proto_major', 1)}.{message.get('proto_minor', 1)}",
            headers=sent,
            body=_body(message.get("request_body"), sent),
        ),
        response=Response(
            int(message["status_code"]), headers=got, body=_body(message.get("response_body"), got)
        ),
        timings=Timings(int(message["duration"]) / 1e9),
        kind="client" if sdk.endswith("Outgoing") else "server",
        route=str(message["url_path"]) if message.get("url_path") else None,
        path_params=dict(params) if isinstance(params, Mapping) else {},
        framework=_FRAMEWORKS.get(sdk) or sdk or None,
        errors=tuple(error_of(error) for error in errors),
        parent_id=id_of(message["parent_id"]) if message.get("parent_id") else None,
        tags=tuple(str(tag) for tag in message.get("tags") or ()),
    )


def error_of(error: Mapping[str, Any]) -> ErrorRecord:
    """Read one error."""
    return ErrorRecord(
        type=str(error.get("error_type") or "error"),
        message=str(error.get("message") or ""),
        root_type=str(error.get("root_error_type") or error.get("error_type") or "error"),
        root_message=str(error.get("root_error_message") or error.get("message") or ""),
        stack_trace=str(error.get("stack_trace") or ""),
        when=moment(error["when"]) if error.get("when") else 0.0,
    )


def _body(text: Any, headers: Headers) -> Body:
    """A body is a document in Base64; some SDKs send a text as a JSON string in it."""
    content = from_base64(text)
    if content == b"null":
        return Body()
    if content[:1] == b'"' and "json" not in body(b"", headers).media_type:
        content = str(json.loads(content)).encode("utf-8", "replace")
    return body(content, headers)


def _query(params: Any) -> str:
    return urllib.parse.urlencode(list(multiple(params)))
