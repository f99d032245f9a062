"""Reading a document whole says what walking it says, however early the walk may end."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wsgi_apimetrics.redaction import shortcut
from wsgi_apimetrics.redaction.documents import redact_document
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.rules import BodyRules, compiled
from wsgi_apimetrics.redaction.states import State
from wsgi_apimetrics.redaction.unreadable import Reason, Unreadable
from wsgi_apimetrics.redaction.vocabulary import README
from wsgi_apimetrics.redaction.wellformed import is_json

ODD = [
    "a.b", "1", "-1", "null", "true", "", '"', '":"', '":', ",", "}", "]", "{", "[", ":", " ",
    'a"', 'a":"b', 'a","b', "'", "\\", "\xe9", "\u2028", "$", "[0]", "A", "a:", "a,", "-", "e",
]  # fmt: skip
names = st.sampled_from(["a", "b", "a", "b", "c"]) | st.sampled_from(ODD)
blanks = st.sampled_from(["", "", "", " ", "\n", "\t \r"])
scalars = st.sampled_from(
    ["1", "-1.10", "1e999", "true", "null", "NaN", "-Infinity", '"x"', '"a"', '""', "[]", "{}"]
)
quoted = st.builds(json.dumps, names, ensure_ascii=st.booleans()) | st.sampled_from(
    ['"\\u0061"', '"b\\"a"', '"\\u0062"', '"Password"', '"user[token]"', '"\\/a"']
)


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
rules = st.builds(
    lambda chain, deep, tail: "$" + "".join(chain) + deep + tail,
    st.lists(steps, max_size=3), st.sampled_from(["", "", "..a", "..b"]),
    st.sampled_from(["", ".a", "[*]"]),
).filter(lambda rule: rule != "$")  # fmt: skip
denied = names.filter(lambda name: name.strip() and not name.startswith("$"))


def outcome(text: str, body_rules: BodyRules) -> Any:
    """What came of a text: itself redacted, what was noted, and what errors may not repeat."""
    marks = Marks(README, (), listens=True)
    try:
        after: str | Reason = redact_document(text, body_rules, "here", marks)
    except Unreadable as error:
        after = error.reason
    return after, set(marks.redactions()), marks.spoken


def reading(rules: BodyRules) -> BodyRules:
    """The rules where every document is read whole, if it can be."""
    assert rules.denied is not None
    root = State([rules.denied.node], ignore_case=rules.ignore_case)
    root.waits = ()  # so no walk can end early
    denied = dataclasses.replace(rules.denied, root=root)
    return dataclasses.replace(rules, spread=True, denied=denied)


@given(texts, st.lists(rules, max_size=2), st.lists(denied, max_size=2), st.data())
def test_reading_is_walking(
    text: str, paths: list[str], deny: list[str], data: st.DataObject
) -> None:
    """Whatever the names are made of, however often they stand there, and wherever."""
    policy = RedactionPolicy(
        denylist=tuple(deny),
        redact_request_body=tuple(paths),
        redact_ignore_case=data.draw(st.booleans()),
        redact_common_secrets=data.draw(st.booleans()),
    )
    rules = compiled(policy).request
    assume(rules.denied is not None and not rules.denied.judged)
    walking = dataclasses.replace(rules, spread=False)
    assert outcome(text, reading(rules)) == outcome(text, walking)


tails = st.sampled_from([" ", '"z": 1}', "]}", '}, "y": [{}]}', "}", ' "a": 1}', " tru}", "}}"])


@given(texts, st.lists(rules, max_size=2), st.lists(denied, max_size=2), tails)
def test_a_walk_that_ends_early_is_reading(
    text: str, paths: list[str], deny: list[str], tail: str
) -> None:
    """However much follows what the rules wait for; and where that is no JSON, nothing is kept."""
    policy = RedactionPolicy(denylist=tuple(deny), redact_request_body=tuple(paths))
    rules = compiled(policy).request
    assume(rules.denied is not None and not rules.denied.judged)
    walking = dataclasses.replace(rules, spread=False)
    for whole in (text + " " * 99, f'{{"x": {text}, "w": [{", ".join("0" * 99)}]{tail}'):
        assert outcome(whole, reading(rules)) == outcome(whole, walking)


@pytest.mark.parametrize("count", range(1, 40))
def test_however_many_rules_wait(count: int) -> None:
    """Each of them is waited for, also where most say the same of an object and of a list."""
    names = tuple(f"n{number}" for number in range(count))
    policy = RedactionPolicy(denylist=names, redact_request_body=("$.x.y", "$..z"))
    text = json.dumps({"n0": "goes", "w": ["stays"] * 99})
    for last in ({"z": "goes"}, [{"z": "goes"}]):
        late = f'{text[:-1]}, "{names[-1]}x": {json.dumps(last)}}}'
        after = outcome(late, compiled(policy).request)[0]
        assert after == late.replace("goes", "[REDACTED 4]")


READ_QUICKLY = [
    ("$..a", '{"b": {"a": "one"}, "c": [{"a": "two"}, {"a": null}]}', "$.c[1].a"),
    ("$.b[*].a", '{"b": [{"a": 1}, {"a": {"a": 2}}], "a": "stays"}', "$.b[1].a"),
    ("$..a", '{"b": "\\n", "a": "\\"", "c": {"b\\"a": "stays"}}', "$.a"),
]


@pytest.mark.parametrize(("rule", "text", "place"), READ_QUICKLY)
def test_many_places_need_no_walk(rule: str, text: str, place: str) -> None:
    """Also where the name stands elsewhere, in a value that goes, or behind an escape."""
    marks = Marks(README, (), listens=False)
    denied = compiled(RedactionPolicy(redact_request_body=(rule,))).request.denied
    assert denied is not None
    after = shortcut.redacted(text, denied.root, "here", marks)
    assert f"here.{place}" in [redaction.place for redaction in marks.redactions()]
    assert after == outcome(text, BodyRules(denied=denied))[0]


ESCAPED = [
    ("$.*.a", '{"x": {"\\u0061": "goes"}, "b": {"c": {"a": "stays"}}}'),
    ("$..a.a", '{"\\u0061": {"\\u0061": "goes"}, "b": {"a": "stays"}}'),
    ("$..a.a", '{"b": {"a": "stays"}, "c": {"a": {"\\u0061": "goes"}}}'),
]


@pytest.mark.parametrize(("rule", "text"), ESCAPED)
def test_a_name_in_escapes_is_not_taken_for_its_double(rule: str, text: str) -> None:
    """There are as many of the name as there are places; yet they are not the same."""
    rules = compiled(RedactionPolicy(redact_request_body=(rule,))).request
    assert outcome(text, rules)[0] == text.replace("goes", "[REDACTED 4]")


edits = st.tuples(
    st.integers(0, 200),
    st.integers(0, 3),
    st.sampled_from(
        ["", ",", ":", '"', "{", "}", "[", "]", "\\", "'", "/**/", "0", ".", "-", "+", "e", "x",
         "\\u12", "\\x41", "\x01", "\x0b", "\x0c", "\xa0", "\ufeff", "\u2028", "NaN", "a", "//\n"]
    ),
)  # fmt: skip


def test_half_a_character_is_said_to_be_no_json() -> None:
    """SQLite takes UTF-8, which has none; then the text is read here."""
    assert not is_json('"\ud800"')
    assert (
        outcome('["\ud800"]', compiled(RedactionPolicy(denylist=("a",))).request)[0] == '["\ud800"]'
    )


@given(texts, st.lists(edits, max_size=3))
def test_what_is_said_to_be_json_is(text: str, changes: list[tuple[int, int, str]]) -> None:
    """Python reads it too; and what Python reads without its additions is said to be JSON."""
    for place, length, put in changes:
        text = text[:place] + put + text[place + length :]

    def odd(word: str) -> float:
        raise LookupError(word)

    try:
        json.loads(text, parse_constant=odd)
    except (ValueError, LookupError):
        assert not is_json(text)
    else:
        assert is_json(text)


def test_without_sqlite_the_text_is_read_here(tmp_path: Path) -> None:
    """An interpreter may come without it; only time is lost."""
    program = (
        "import sys; sys.modules['sqlite3'] = None\n"
        "from wsgi_apimetrics.redaction.wellformed import is_json\n"
        "from test_shortcut import outcome, compiled, RedactionPolicy\n"
        "rules = compiled(RedactionPolicy(denylist=('a',))).request\n"
        'text = \'{"a": "secret", "b": [1, 2, 3, 4, 5, 6, 7, 8]%s\'\n'
        "assert not is_json('[]')\n"
        "assert outcome(text % '}', rules)[0] == text.replace('secret', '[REDACTED 6]') % '}'\n"
        "assert outcome(text % ']}', rules)[0].value == 'malformed'\n"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])},
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_waits_for_who_asks() -> None:
    """A lock that another thread has would be taken in the child for ever."""
    program = (
        "import os, threading\n"
        "from wsgi_apimetrics.redaction import wellformed\n"
        "held, forking = threading.Event(), threading.Event()\n"
        "def ask():\n"
        "    with wellformed._asking:\n"
        "        held.set()\n"
        "        forking.wait()\n"
        "threading.Thread(target=ask).start()\n"
        "held.wait()\n"
        "os.register_at_fork(before=forking.set)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if wellformed._asking.acquire(blocking=False) else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_a_child_can_ask_too() -> None:
    """What the parent opened is the child's own after a fork."""
    assert is_json("[]")
    child = os.fork()
    if child == 0:
        os._exit(0 if is_json("[1]") and not is_json("[1") else 1)
    assert os.waitpid(child, 0)[1] == 0
