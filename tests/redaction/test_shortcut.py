"""The quick way for plain paths says what the walk says, or leaves it to the walk."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from wsgi_apimetrics.redaction.documents import redact_document
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.rules import BodyRules, compiled
from wsgi_apimetrics.redaction.unreadable import Reason, Unreadable
from wsgi_apimetrics.redaction.vocabulary import README

ODD = [
    "a.b", "1", "-1", "null", "true", "", '"', '":"', '":', ",", "}", "]", "{", "[", ":", " ",
    'a"', 'a":"b', 'a","b', "'", "\\", "\xe9", "\u2028", "$", "[0]", "A", "a:", "a,", "-", "e",
]  # fmt: skip
names = st.sampled_from(["a", "b", "a", "b", "c"]) | st.sampled_from(ODD)
blanks = st.sampled_from(["", "", "", " ", "\n", "\t \r"])
scalars = st.sampled_from(
    ["1", "-1.10", "1e999", "true", "null", "NaN", "-Infinity", '"x"', '"a"', '""', "[]", "{}"]
)
quoted = st.builds(json.dumps, names, ensure_ascii=st.booleans())


def _joined(opening: str, closing: str, parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(parts, max_size=3).map(lambda some: opening + ",".join(some) + closing)


def _padded(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*(part for each in parts for part in (blanks, each))).map("".join)


texts = st.recursive(
    scalars | quoted,
    lambda inner: (
        _joined("[", "]", _padded(inner)) | _joined("{", "}", _padded(quoted, st.just(":"), inner))
    ),
    max_leaves=8,
)
steps = st.sampled_from([".a", ".b", "[*]", ".*"]) | names.filter(
    lambda name: name and not set(name) & set("'\\*")
).map("['{}']".format)
rules = st.lists(steps, min_size=1, max_size=3).map(lambda some: "$" + "".join(some))
denied = names.filter(lambda name: name.strip() and not name.startswith("$"))


def outcome(text: str, body_rules: BodyRules) -> Any:
    """What came of a text: itself redacted, what was noted, and what errors may not repeat."""
    marks = Marks(README, (), listens=True)
    try:
        after: str | Reason = redact_document(text, body_rules, "here", marks)
    except Unreadable as error:
        after = error.reason
    return after, set(marks.redactions()), marks.spoken


@given(texts, st.lists(rules, max_size=2), st.lists(denied, max_size=2))
def test_the_quick_way_is_the_walk(text: str, paths: list[str], deny: list[str]) -> None:
    """Whatever the names are made of, however often they stand there, and wherever."""
    policy = RedactionPolicy(denylist=tuple(deny), redact_request_body=tuple(paths))
    quick = compiled(policy).request
    assume(quick.shortcut is not None)
    assert outcome(text, quick) == outcome(text, dataclasses.replace(quick, shortcut=None))


@given(st.lists(st.tuples(st.sampled_from("ab"), scalars), min_size=1, max_size=4), blanks)
def test_the_quick_way_is_taken(members: list[tuple[str, str]], blank: str) -> None:
    """Where a name stands once, at the place that is named, with a value that is no container."""
    text = "{" + ",".join(f'{blank}"{name}"{blank}:{value}' for name, value in members) + "}"
    quick = compiled(RedactionPolicy(denylist=("a",))).request
    assert quick.shortcut is not None
    found = [value for name, value in members if name == "a"]
    marks = Marks(README, (), listens=False)
    is_sure = quick.shortcut.redact(text, "here", marks) is not None
    assert is_sure == (not found or (len(found) == 1 and found[0][0] not in "[{"))
