"""Forms as bodies: urlencoded and multipart, each an object of its fields for the rules."""

from __future__ import annotations

import re
from typing import Any

from . import multipart
from .documents import judgements
from .form_fields import decoded, fields_of, holds_secret, redact_fields
from .marks import Marks
from .rules import COMMON, BodyRules, Tree
from .unreadable import Reason, Unreadable

_NAME = re.compile(r"[\w.*\[\]~@$()!+ -]*")
_UNKEPT = "allowlist"


def redact_form(text: str, rules: BodyRules, place: str, marks: Marks) -> str:
    """Return an urlencoded form without what the rules name.

    Raises:
        Unreadable: it is no form, whatever its type says.
    """
    for field in text.rstrip("\r\n").split("&"):
        name = field.partition("=")[0]
        if not _NAME.fullmatch(decoded(name)):
            raise Unreadable(Reason.MALFORMED)
    judge = FieldJudge(list(fields_of(text)), rules)
    return redact_fields(text, judge.rule, rules.patterns, place, marks)


def redact_multipart(
    content: bytes, content_type: str, rules: BodyRules, place: str, marks: Marks
) -> bytes:
    """Return a multipart form without what the rules name; also the file names go.

    Raises:
        Unreadable: it is not certain where its parts begin and end, or what they are called.
    """
    boundary = multipart.boundary_of(content_type)
    parts = multipart.split(content, boundary)
    values = [part.content.decode("utf-8", "replace") for part in parts]
    judge = FieldJudge([(p.name, v) for p, v in zip(parts, values, strict=True)], rules)
    redacted = []
    changed = False
    for part, value in zip(parts, values, strict=True):
        piece = _redacted_part(part, value, judge, rules, place, marks)
        changed = changed or piece is not None
        redacted.append(piece or part.replaced(part.content, None))
    return multipart.joined(redacted, content, boundary) if changed else content


def _redacted_part(
    part: multipart.Part,
    value: str,
    judge: FieldJudge,
    rules: BodyRules,
    place: str,
    marks: Marks,
) -> bytes | None:
    where = f"{place}.{marks.name(part.name)}"
    rule = judge.rule(part.name, value)
    filename = part.filename
    if rule is not None:
        marked = marks.text(where, rule, value)
        if marked is value:
            return None
        if filename:
            filename = marks.text(f"{where}.filename", rule, filename)
        return part.replaced(marked.encode(), filename)
    if rules.patterns is None:
        return None
    if part.content and not _is_text(part.content):
        return part.replaced(marks.other(where, "redact_patterns", ()).encode(), "")
    marked = rules.patterns.redact(where, value, marks)
    if filename:
        filename = rules.patterns.redact(f"{where}.filename", filename, marks)
    if marked == value and filename == part.filename:
        return None
    return part.replaced(marked.encode(), filename if filename != part.filename else None)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


class FieldJudge:
    """Says of each field of a form by which rule it goes, asked in the fields' order."""

    def __init__(self, fields: list[tuple[str, str]], rules: BodyRules) -> None:
        self._rules = rules
        self._seen: dict[str, int] = {}
        self._repeated: dict[str, int] = {}
        document: dict[str, Any] = {}
        for name, value in fields:
            self._repeated[name] = self._repeated.get(name, 0) + 1
            document.setdefault(name, []).append(value)
        trees = [tree for tree in (rules.denied, *rules.allowed) if tree is not None]
        self._named = {id(tree): _named(tree, document) for tree in trees}

    def rule(self, name: str, value: str) -> str | None:
        """Return the rule by which the next field called ``name`` goes."""
        position = self._seen.get(name, 0)
        self._seen[name] = position + 1
        if self._rules.denied is not None:
            rule = self._tree_rule(self._rules.denied, name, position)
            if rule is not None:
                return rule
        for tree in self._rules.allowed:
            if self._tree_rule(tree, name, position) is None:
                return _UNKEPT
        return COMMON if self._rules.secrets and holds_secret(value) else None

    def _tree_rule(self, tree: Tree, name: str, position: int) -> str | None:
        if tree.root.rule is not None:
            return tree.root.rule
        judged = self._named[id(tree)]
        found = judged.get((name,)) or judged.get((name, position)) or judged.get(())
        if found is not None:
            return found
        state = tree.root.member(name)
        if state is not None and state.rule is None and self._repeated.get(name, 0) > 1:
            state = state.element(position)
        return None if state is None else state.rule


def _named(tree: Tree, fields: dict[str, Any]) -> dict[tuple[Any, ...], str]:
    """Return what jsonpath-ng finds in the form as an object; repeated names hold a list."""
    if not tree.judged:
        return {}
    document = {name: found[0] if len(found) == 1 else found for name, found in fields.items()}
    return {keys: rule for rule, places in judgements(tree, document) for keys in places}
