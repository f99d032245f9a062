"""One body under the rules of its side: read for certain and redacted, or left out with why.

Untouched, byte for byte, is a body that no rule is set for, or whose text proves that no rule
reaches anything in it. What can't be read for certain is left out: there is no third way.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ..exchange import Body
from .absence import proves_json_untouched, proves_text_untouched
from .documents import redact_document, redact_lines
from .forms import redact_form, redact_multipart
from .marks import Marks
from .rules import BodyRules
from .text import decoded
from .unreadable import Reason, Unreadable

_OPENING = frozenset("{[")
_FORM = "application/x-www-form-urlencoded"
_JSON = re.compile(r"(?:application|text)/(?:x-)?json|.*\+json|application/(?:x-)?javascript-json")
_LINES = re.compile(r"[a-z]+/(?:(?:x-)?(?:nd-?json|json-?lines|jsonl|json-seq)|stream\+json)")
_LIKE_A_FORM = re.compile(r"[\w.*+%\[\]-]+=[^\s&<>]*(?:&[\w.*+%\[\]-]+=[^\s&<>]*)*")


class _Kind(NamedTuple):
    """What a body says it is."""

    media_type: str
    is_json: bool
    is_lines: bool
    is_form: bool
    may_be_form: bool
    is_multipart: bool


@lru_cache(maxsize=256)
def _kind(content_type: str) -> _Kind:
    media_type = Body(content_type=content_type).media_type
    return _Kind(
        media_type,
        _JSON.fullmatch(media_type) is not None,
        _LINES.fullmatch(media_type) is not None,
        media_type == _FORM,
        media_type in {"", "text/plain"},
        media_type.startswith("multipart/"),
    )


def redact_body(body: Body, rules: BodyRules, side: str, marks: Marks) -> Body:
    """Return ``body`` without what the rules name, or left out with the reason."""
    if not body.content or not rules:
        return body
    place = f"{side}.body"
    try:
        content = _redacted(body, rules, place, marks)
    except Unreadable as error:
        marks.omit(place, "body rules", error.reason.value)
        return _replaced(body, None, f"redaction: {error.reason.value}")
    return body if content is body.content else _replaced(body, content, body.omitted)


def _replaced(body: Body, content: bytes | None, omitted: str | None) -> Body:
    """``dataclasses.replace`` takes three times as long."""
    return Body(
        content,
        body.size,
        body.wire_size,
        body.content_type,
        body.truncated,
        omitted,
        body.content_encoding,
    )


def _redacted(body: Body, rules: BodyRules, place: str, marks: Marks) -> bytes:
    content = body.content or b""
    if body.content_encoding:
        raise Unreadable(Reason.COMPRESSED)
    kind = _kind(body.content_type)
    if kind.is_multipart:
        if body.truncated:
            raise Unreadable(Reason.TRUNCATED)
        return redact_multipart(content, body.content_type, rules, place, marks)
    source = decoded(body)
    text = _redacted_text(source.text, body, kind, rules, place, marks)
    return content if text == source.text else source.encoded(text)


def _redacted_text(
    text: str, body: Body, kind: _Kind, rules: BodyRules, place: str, marks: Marks
) -> str:
    if kind.is_lines:
        if _untouched(text, "{", rules):
            return text
        _must_be_whole(body)
        return redact_lines(text, rules, place, marks)
    if kind.is_json or _start(text) in _OPENING:
        return _like_json(text, body, kind, rules, place, marks)
    if kind.is_form or (kind.may_be_form and "=" in text and _LIKE_A_FORM.fullmatch(text)):
        _must_be_whole(body)
        return redact_form(text, rules, place, marks)
    return _opaque(text, body, kind, rules, place, marks)


def _start(text: str) -> str:
    return text.lstrip(" \t\r\n")[:1]


def _untouched(text: str, start: str, rules: BodyRules) -> bool:
    """Whether no rule can reach anything, even if the text is no JSON after all."""
    if start in _OPENING and "%" not in text and "&" not in text:
        return proves_json_untouched(text, rules)
    return rules.patterns is None and proves_text_untouched(text, rules)


def _like_json(
    text: str, body: Body, kind: _Kind, rules: BodyRules, place: str, marks: Marks
) -> str:
    if not rules.secrets:
        if _untouched(text, _start(text), rules):
            return text
        return _json(text, body, kind, rules, place, marks)
    try:  # whether a name is one of the usual secrets' is sooner asked where the text is read
        return _json(text, body, kind, rules, place, marks)
    except Unreadable:
        if _untouched(text, _start(text), rules):
            return text
        raise


def _json(text: str, body: Body, kind: _Kind, rules: BodyRules, place: str, marks: Marks) -> str:
    """Redact JSON, whatever its type says; what is none may be lines of it, or another text."""
    _must_be_whole(body)
    try:
        return redact_document(text, rules, place, marks)
    except Unreadable as error:
        if error.reason is not Reason.MALFORMED:
            raise
    try:
        return redact_lines(text, rules, place, marks)
    except Unreadable as error:
        if error.reason is not Reason.MALFORMED or kind.is_json:
            raise
    if kind.is_form:
        return redact_form(text, rules, place, marks)
    return _opaque(text, body, kind, rules, place, marks)


def _opaque(text: str, body: Body, kind: _Kind, rules: BodyRules, place: str, marks: Marks) -> str:
    """A text in no language that the rules can read: none of their names may be in it."""
    if (rules.denied is not None and not proves_text_untouched(text, rules)) or rules.allowed:
        if kind.media_type == "text/event-stream":
            raise Unreadable(Reason.EVENT_STREAM)
        raise Unreadable(Reason.TRUNCATED if body.truncated else Reason.UNKNOWN_TYPE)
    if rules.patterns is None:
        return text
    _must_be_whole(body)
    return rules.patterns.redact(place, text, marks)


def _must_be_whole(body: Body) -> None:
    if body.truncated:
        raise Unreadable(Reason.TRUNCATED)
