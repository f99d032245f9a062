"""How far a document is walked: to its end, or to behind the last of what the rules wait for."""

from __future__ import annotations

import sys

import pytest

from wsgi_apimetrics.redaction import json_walk
from wsgi_apimetrics.redaction.states import DEEP, EACH, ELEMENTS, Node, Path, State

BROKEN = "?" * 40
A, B, AB = ("a",), ("b",), ("a", "b")


def root(*paths: Path) -> State:
    """Return the state at the root of a document, of rules that are called what they name."""
    node = Node()
    for path in paths:
        node.add(path, str(path[-1]))
    return State([node])


def walked(text: str, *paths: Path) -> list[tuple[str, str]]:
    """Return what goes by the rules: the place, and what stands there."""
    spans = json_walk.denied(text, root(*paths), "$", str)
    return [(place, text[start:end]) for start, end, place, _ in spans]


EARLY = [
    ([A], '{"a":1,', [("$.a", "1")]),
    ([A], '{"a":"x",', [("$.a", '"x"')]),
    ([A], '{"a":[1],', [("$.a", "[1]")]),
    ([A], '{"b":1,', []),
    ([A, B], '{"b":2,"a":1,', [("$.b", "2"), ("$.a", "1")]),
    ([AB], '{"a":{"b":1,', [("$.a.b", "1")]),
    ([AB], '{"a":{"c":1,', []),
    ([AB, ("a", "c")], '{"a":{"c":1,"b":2,', [("$.a.c", "1"), ("$.a.b", "2")]),
    ([AB], '{"a":{"b":{"b":1}},', [("$.a.b", '{"b":1}')]),
    ([("b", "a"), A], '{"b":{"x":1},"a":2,', [("$.a", "2")]),
    ([(ELEMENTS, "a")], '[{"a":1,', [("$[0].a", "1")]),
    ([(ELEMENTS, "a")], '[1,{"a":1},', [("$[1].a", "1")]),
    ([(ELEMENTS, "a"), B], '[{"c":1},{"a":1},', [("$[1].a", "1")]),
    ([(DEEP, "a")], '{"x":[{"a":1,', [("$.x[0].a", "1")]),
    ([(DEEP, "a")], '{"x":{"a":1},"a":2,', [("$.x.a", "1"), ("$.a", "2")]),
    ([("a", 1)], '{"a":[1,2,3],', [("$.a[1]", "2")]),
    ([A], '{"\\u00e9":"\\n","a":1,', [("$.a", "1")]),
]


@pytest.mark.parametrize(("paths", "head", "found"), EARLY)
def test_behind_what_is_waited_for_nothing_is_walked(
    monkeypatch: pytest.MonkeyPatch, paths: list[Path], head: str, found: list[tuple[str, str]]
) -> None:
    """Whether the rest is JSON was asked before, of what reads it in a third of the time."""
    monkeypatch.setattr(json_walk, "is_json", lambda text: True)
    assert walked(head + BROKEN, *paths) == found


WHOLE = [
    ([A], '{"b":1,"\\u0061":2,'),  # a name may be hidden
    ([A], '{"\\u007a":1,'),
    ([(EACH,)], '{"a":1,'),  # whatever comes may be what a rule names
    ([A, (EACH,)], '{"a":1,'),
    ([("a:b\xe9",)], '{"a":1,'),  # JSON can write it in more than one way
]


@pytest.mark.parametrize(("paths", "head"), WHOLE)
def test_where_something_may_come_all_is_walked(
    monkeypatch: pytest.MonkeyPatch, paths: list[Path], head: str
) -> None:
    """And what is broken there is found here."""
    monkeypatch.setattr(json_walk, "is_json", lambda text: True)
    with pytest.raises(ValueError, match="no "):
        walked(head + BROKEN, *paths)


@pytest.mark.parametrize("path", [A, AB, (EACH,), (ELEMENTS, "a"), (0,), (EACH, EACH), (DEEP, "a")])
@pytest.mark.parametrize(
    "text", ["[1", "[1,", "[[1]", '[{"a":1}', '{"a":1', '{"a":1,', '{"a":{"b":1}', '{"a"', "[", "{"]
)
def test_a_document_without_its_end_is_none(text: str, path: Path) -> None:
    """Also where what the rules name came whole."""
    for walk in (json_walk.denied, json_walk.not_allowed):
        with pytest.raises(ValueError, match=r"no |Expecting"):
            walk(text, root(path), "$", str)


def test_what_stays_is_looked_for_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not allowed may stand anywhere."""
    monkeypatch.setattr(json_walk, "is_json", lambda text: True)
    with pytest.raises(ValueError, match="no member"):
        json_walk.not_allowed('{"a":1,' + BROKEN, root(A), "$", str)


def test_a_walk_ends_early_in_the_first_half_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else asking whether the rest is JSON costs more than to walk it."""
    monkeypatch.setattr(json_walk, "is_json", lambda text: True)
    head = '{"bbbbb":1,"a":2,'
    assert head.index('"a"') == 11
    assert walked(head.ljust(23, "?"), A) == [("$.a", "2")]
    with pytest.raises(ValueError, match="no member"):
        walked(head.ljust(22, "?"), A)


def test_a_document_that_is_not_sound_is_walked_to_its_end() -> None:
    """Nothing is said of what no reader takes for a document."""
    with pytest.raises(ValueError, match="no member"):
        walked('{"a":1,' + BROKEN, A)


@pytest.mark.parametrize("text", ['{"\\n\x01":1}', '{"b":1,"\\n\n":1}', '{"b":"\\n\n"}'])
def test_a_character_that_no_text_may_hold_is_found_behind_an_escape(text: str) -> None:
    """In a name as in a value."""
    with pytest.raises(ValueError, match="Invalid control character"):
        walked(text, A)


@pytest.mark.parametrize(
    ("text", "paths", "soon"),
    [
        ('{"a":1' + " " * 10, [A], True),
        ('     {"a":1' + " " * 25, [A], False),  # a sixth of it
        ('     {"a":1' + " " * 26, [A], True),
        ('{"a":1,     "b":1' + " " * 50, [A, B], False),
        ('{"a":1,     "b":1' + " " * 60, [A, B], True),
        ('{"b":1,     "a":1' + " " * 15, [AB], True),
        ('{"a":1,"\\u0062":1' + " " * 40, [A], False),
        ('{"a":1,"\\u00e9":1' + " " * 40, [A], True),
        ('{"a":1,"\\n":1' + " " * 40, [A], True),
        (" " * 40, [(EACH,)], False),
    ],
)
def test_what_stands_at_the_beginning_is_soon_walked(
    text: str, paths: list[Path], soon: bool
) -> None:
    """Nothing is quicker, where the last names of all rules stand in the first sixth."""
    assert json_walk.ends_soon(text, root(*paths)) is soon


@pytest.mark.parametrize(
    ("limit", "bounded"), [(0, False), (640, True), (4300, True), (4301, False)]
)
@pytest.mark.skipif(
    not hasattr(sys, "set_int_max_str_digits"), reason="this interpreter knows no limit"
)
def test_integers_are_bounded_by_the_usual_limit(limit: int, bounded: bool) -> None:
    """None means that there is no bound, and more than usual that they take their time."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(limit)
    try:
        assert json_walk.integers_are_bounded() is bounded
        assert walked('{"a":' + "9" * 5000 + ',"b":1}', B) == [("$.b", "1")]
        with pytest.raises(ValueError, match="value at 5"):
            walked('{"a":', B)
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    ("paths", "waits"),
    [
        ([A], ['"a"']),
        ([AB], ['"a" "b"']),
        ([(DEEP, "a"), (EACH, "b")], ['"b"', '"a"']),
        ([(DEEP, "a"), ("a", 0), (ELEMENTS, "c")], ['"a"', '"c"']),
        ([("a", 0), (0, "b")], ['"a"', '"b"']),
        ([A, AB], ['"a"', '"a" "b"']),
        ([("A-z_.:$@ 9",)], ['"A-z_.:$@ 9"']),
        ([("a/b",)], []),
        ([A, ("\xe9",)], []),
        ([A, (0,)], []),
        ([A, ("",)], []),
        ([(name,) for name in "abcdefghijklmnopqrstuvwxyzABCDEF"], [f'"{one}"' for one in
         "abcdefghijklmnopqrstuvwxyzABCDEF"]),
        ([(name,) for name in "abcdefghijklmnopqrstuvwxyzABCDEFG"], []),
    ],
)  # fmt: skip
def test_what_a_document_must_hold_for_a_rule(paths: list[Path], waits: list[str]) -> None:
    """The names on the way to it; nothing where a rule needs none, or for many ways."""
    assert [" ".join(names) for names in root(*paths).waits] == waits


def test_what_may_be_written_in_any_case_is_not_waited_for() -> None:
    """Nor what is one of many names."""
    node = Node()
    node.add(A, "a")
    assert State([node], ignore_case=True).waits == ()
    node.secrets = True
    assert State([node]).waits == ()
