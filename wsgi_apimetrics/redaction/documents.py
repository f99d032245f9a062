"""JSON documents under rules: finds what goes, and puts markers into the text as it stands.

``DUPLICATE_NAMES``: jsonpath-ng sees only the last of two members of one name, so a document
that has such is not judged; the plain paths of the walker reach all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from . import json_walk, shortcut
from .form_fields import holds_secret
from .json_places import Places
from .json_walk import TOKEN, Span, texts_of
from .marks import Marks
from .patterns import Patterns
from .rules import COMMON, BodyRules, Tree
from .scanning import scanstring
from .states import Node, State
from .unreadable import Reason, Unreadable


def redact_document(text: str, rules: BodyRules, place: str, marks: Marks) -> str:
    """Return the JSON document ``text`` without what the rules name.

    Raises:
        Unreadable: it can't be read for certain, or a rule failed on it.
    """
    try:
        text = _without_named(text, rules, place, marks)
        if rules.secrets and '\\"' in text:
            text = _written_inside(text, place, marks)
        return text if rules.patterns is None else _patterns(text, rules.patterns, place, marks)
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP) from None
    except ValueError:
        raise Unreadable(Reason.MALFORMED) from None


def _without_named(text: str, rules: BodyRules, place: str, marks: Marks) -> str:
    denied = rules.denied
    if denied is not None and rules.spread and not json_walk.ends_soon(text, denied.root):
        quick = shortcut.redacted(text, denied.root, place, marks)
        if quick is not None:
            return quick
    spans = _named(text, rules, f"{place}.$", marks)
    return _spliced(text, spans, marks) if spans else text


def redact_lines(text: str, rules: BodyRules, place: str, marks: Marks) -> str:
    """Like :func:`redact_document` for JSON lines and JSON sequences (RFC 7464)."""
    lines = []
    for line in text.split("\n"):
        body = line.lstrip("\x1e")
        if body.strip(" \t\r"):
            body = redact_document(body, rules, place, marks)
        lines.append(line[: len(line) - len(line.lstrip("\x1e"))] + body)
    return "\n".join(lines)


def _named(text: str, rules: BodyRules, place: str, marks: Marks) -> list[Span]:
    """Return what goes, in its order; of values in each other the outermost first."""
    if not rules.allowed and rules.denied is not None and not rules.denied.judged:
        return json_walk.denied(text, rules.denied.root, place, marks.name)
    spans: list[Span] = []
    judges = any(tree.judged for tree in (rules.denied, *rules.allowed) if tree is not None)
    document = _parsed(text) if judges else None
    if rules.denied is not None:
        spans += json_walk.denied(text, _judged(rules.denied, document), place, marks.name)
    for tree in rules.allowed:
        spans += json_walk.not_allowed(text, _judged(tree, document), place, marks.name)
    if not spans:
        json_walk.whole(text)
    return sorted(spans, key=lambda span: span[0])


def _spliced(text: str, spans: list[Span], marks: Marks) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, place, rule in spans:
        if start >= done:
            pieces += (text[done:start], _marker(text[start:end], place, rule, marks))
            done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _judged(tree: Tree, document: Any) -> State:
    """Join the places that jsonpath-ng finds in ``document`` to the plain paths."""
    if not tree.judged:
        return tree.root
    found = Node()
    for rule, places in judgements(tree, document):
        for keys in places:
            found.add(keys, rule, ignore_case=tree.root.ignore_case)
    return tree.root.joined(found)


def judgements(tree: Tree, document: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield each judged rule with the places that it names in ``document``.

    Raises:
        Unreadable: a rule failed on it.
    """
    for judged in tree.judged:
        try:
            places = judged.places(document)
        except RecursionError:
            raise
        except Exception:
            raise Unreadable(Reason.RULE_FAILED) from None
        yield judged.rule, places


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_int=_integer)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable(Reason.DUPLICATE_NAMES)
    return members


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than the interpreter converts
        return float(digits)


def _marker(raw: str, place: str, rule: str, marks: Marks) -> str:
    if raw[0] == '"':
        value = scanstring(raw, 1, True)[0]
        marked = marks.text(place, rule, value)
        return raw if marked is value else quoted(marked)
    heard = texts_of(raw) if marks.spoken is not None else ()
    return quoted(marks.other(place, rule, heard))


def _written_inside(text: str, place: str, marks: Marks) -> str:
    """Take out the texts that are JSON themselves, with one of the usual names of secrets."""
    places = Places(text, f"{place}.$", marks.name)

    def replaced(found: re.Match[str]) -> str:
        token = found[0]
        value = scanstring(token, 1, True)[0] if '\\"' in token else ""
        if not holds_secret(value):
            return token
        return quoted(marks.text(places.at(found.start()), COMMON, value))

    return TOKEN.sub(replaced, text)


def _patterns(text: str, patterns: Patterns, place: str, marks: Marks) -> str:
    """Apply the patterns to every text and number of a document that was read whole before."""
    some = patterns.within(text)
    if some is None:
        return text
    places = Places(text, f"{place}.$", marks.name)

    def replaced(found: re.Match[str]) -> str:
        token = found[0]
        value = scanstring(token, 1, True)[0] if token[0] == '"' else token
        spans = some.found(value, marks)
        if not spans:
            return token
        redacted = some.marked(spans, places.at(found.start()), value, marks)
        return token if redacted == value else quoted(redacted)

    return TOKEN.sub(replaced, text)
