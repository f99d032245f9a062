"""An exchange as one line of JSON, both ways, nothing lost.

A leaf: the local encoder writes the line, the store keeps it, and whoever reads a store or an
export gets the exchange back. Fields at their default are left out. A body is ``text`` where
it is UTF-8, else ``base64``; neither is there where the body was left out. Characters
outside ASCII are escaped, so that lone surrogates survive too.

Only redaction makes a :class:`~wsgi_apimetrics.exchange.RedactedExchange`; what is read back
is a plain exchange beside the notes of what was taken out of it.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from .exchange import (
    Body,
    ErrorRecord,
    Exchange,
    Group,
    Redaction,
    Request,
    Response,
    Timings,
)

_NESTED = frozenset({"request", "response", "timings", "group", "errors", "path_params", "tags"})


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """What a line gives back: the exchange as it was stored, and what had been taken out."""

    exchange: Exchange
    redactions: tuple[Redaction, ...] = ()


def dumps(exchange: Exchange, redactions: Sequence[Redaction] = ()) -> bytes:
    """Write one exchange as a line, without the line's end.

    A path parameter of a type that JSON does not have is written as its text.
    """
    plain = _flat(exchange, _NESTED)
    plain["request"] = _message(exchange.request)
    plain["response"] = _message(exchange.response)
    plain["timings"] = [exchange.timings.wait, exchange.timings.receive]
    if exchange.group is not None:
        plain["group"] = _flat(exchange.group)
    if exchange.path_params:
        plain["path_params"] = _plain(exchange.path_params)
    if exchange.tags:
        plain["tags"] = list(exchange.tags)
    if exchange.errors:
        plain["errors"] = [_flat(error) for error in exchange.errors]
    if redactions:
        plain["redactions"] = [_noted(redaction) for redaction in redactions]
    return json.dumps(plain, separators=(",", ":")).encode("ascii")


def _noted(redaction: Redaction) -> dict[str, str | None]:
    return {name: said for name, said in redaction._asdict().items() if said is not None}


def loads(line: bytes | str) -> StoredExchange:
    """Read one line.

    Raises:
        ValueError: the line is no exchange; the text says what is wrong with it.
    """
    plain = json.loads(line)
    try:
        return from_plain(plain)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"not an exchange: {type(error).__name__}: {error}") from None


def from_plain(plain: Mapping[str, Any]) -> StoredExchange:
    """Read what ``json.loads`` made of a line."""
    simple = {name: value for name, value in plain.items() if name not in _NESTED}
    redactions = tuple(Redaction(**one) for one in simple.pop("redactions", ()))
    exchange = Exchange(
        **simple,
        request=Request(**_parts(plain["request"])),
        response=Response(**_parts(plain["response"])),
        timings=Timings(*plain["timings"]),
        group=Group(**plain["group"]) if "group" in plain else None,
        path_params=plain.get("path_params", {}),
        tags=tuple(plain.get("tags", ())),
        errors=tuple(ErrorRecord(**error) for error in plain.get("errors", ())),
    )
    return StoredExchange(exchange, redactions)


def body_content(plain: Mapping[str, Any]) -> bytes | None:
    """Return the recorded bytes of a body as a line has it, ``None`` if it was left out."""
    if "text" in plain:
        return str(plain["text"]).encode()
    if "base64" in plain:
        try:
            return base64.b64decode(plain["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"not an exchange: base64: {error}") from None
    return None


def _flat(value: Any, left_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the fields of a value that are not at their default."""
    return {
        field.name: found
        for field in fields(value)
        if field.name not in left_out
        and field.name != "redactions"
        and (found := getattr(value, field.name)) != field.default
    }


def _message(message: Request | Response) -> dict[str, Any]:
    plain = _flat(message, frozenset({"headers", "body"}))
    if message.headers:
        plain["headers"] = [list(pair) for pair in message.headers]
    plain["body"] = _body(message.body)
    return plain


def _body(body: Body) -> dict[str, Any]:
    plain = _flat(body, frozenset({"content"}))
    if body.content is not None:
        try:
            plain["text"] = body.content.decode()
        except UnicodeDecodeError:
            plain["base64"] = base64.b64encode(body.content).decode("ascii")
    return plain


def _parts(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for the message that ``plain`` describes."""
    parts = dict(plain)
    parts["headers"] = tuple((str(name), str(value)) for name, value in plain.get("headers", ()))
    described = {k: v for k, v in plain["body"].items() if k not in {"text", "base64"}}
    parts["body"] = Body(content=body_content(plain["body"]), **described)
    return parts


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON can have it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)
