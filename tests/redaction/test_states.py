"""Rules as an automaton: what is remembered of it, and which rule is told."""

from __future__ import annotations

from typing import Any

import pytest

from wsgi_apimetrics.redaction.states import DEEP, EACH, ELEMENTS, Node, Path, State


def state(*paths: Path, **options: Any) -> State:
    """Return the state at the root, of rules that are called by their number."""
    node = Node()
    for number, path in enumerate(paths):
        node.add(path, f"rule {number}", **options)
    return State([node], **options)


def after(start: State | None, *keys: str | int) -> State | None:
    """Follow names and indexes."""
    for key in keys:
        if start is None:
            return None
        start = start.member(key) if isinstance(key, str) else start.element(key)
    return start


def rule(start: State, *keys: str | int) -> str | None:
    """Return the rule that names a place; ``"-"``: one reaches below it."""
    found = after(start, *keys)
    return None if found is None else found.rule or "-"


@pytest.mark.parametrize(
    ("paths", "keys", "expected"),
    [
        ([("a",)], ["a"], "rule 0"),
        ([("a",)], ["b"], None),
        ([("a",)], [0], None),
        ([("a",), ("a",)], ["a"], "rule 0"),
        ([("a", "b")], ["a"], "-"),
        ([("a", "b")], ["a", "b"], "rule 0"),
        ([("a", "b")], ["b"], None),
        ([(EACH,)], ["x"], "rule 0"),
        ([(EACH,)], [7], "rule 0"),
        ([(ELEMENTS,)], [7], "rule 0"),
        ([(ELEMENTS,)], ["x"], None),
        ([(EACH, "a")], [3, "a"], "rule 0"),
        ([(EACH, "a")], ["a"], "-"),
        ([(ELEMENTS, "a")], [3, "a"], "rule 0"),
        ([(ELEMENTS, "a")], ["a"], None),
        ([(1, "a")], [1, "a"], "rule 0"),
        ([(1, "a")], [0], None),
        ([(1, "a"), (ELEMENTS, "b")], [1, "a"], "rule 0"),
        ([(1, "a"), (ELEMENTS, "b")], [1, "b"], "rule 1"),
        ([(1, "a"), (ELEMENTS, "b")], [2, "b"], "rule 1"),
        ([(1, "a"), (ELEMENTS, "b")], [2, "a"], None),
        ([(DEEP, "a")], ["a"], "rule 0"),
        ([(DEEP, "a")], ["x", 3, "a"], "rule 0"),
        ([(DEEP, "a")], ["x", "y"], "-"),
        ([("x", DEEP, "a")], ["x", "y", "a"], "rule 0"),
        ([("x", DEEP, "a")], ["x", "a"], "rule 0"),
        ([("x", DEEP, "a")], ["y"], None),
        ([(DEEP, "a", "b")], ["a", "a", "b"], "rule 0"),
        ([(DEEP, "a", EACH)], ["a", 2], "rule 0"),
        ([(DEEP, "a", EACH)], ["a", "x"], "rule 0"),
        ([()], [], "rule 0"),
    ],
)
def test_a_path_reaches_what_it_names(
    paths: list[Path], keys: list[str | int], expected: str | None
) -> None:
    """Asked twice, it says the same."""
    start = state(*paths)
    assert [rule(start, *keys), rule(start, *keys)] == [expected, expected]


def test_indexes_do_not_stand_for_each_other() -> None:
    """Whichever was asked for first."""
    start = state((1, "a"), (2,))
    assert [rule(start, index) for index in (0, 1, 2, 3, 1, 0)] == [
        None, "-", "rule 1", None, "-", None,
    ]  # fmt: skip


def test_case_counts_unless_it_does_not() -> None:
    """By what Unicode says is the same."""
    assert rule(state(("Stra\xdfe",)), "STRASSE") is None
    assert rule(state(("Stra\xdfe",), ignore_case=True), "STRASSE") == "rule 0"
    assert rule(state(("a", "B", "c"), ignore_case=True), "A", "b", "C") == "rule 0"
    assert rule(state((1, "B"), ignore_case=True), 1, "b") == "rule 0"


def test_usual_secrets_are_named_at_any_depth() -> None:
    """Beside what rules of the user's name."""
    node = Node()
    node.add(("x", "own"), "own")
    node.deep = Node(loops=True, secrets=True)
    start = State([node])
    assert rule(start, "x", "own") == "own"
    assert rule(start, "token") == "redact_common_secrets"
    assert rule(start, "x", 3, "token") == "redact_common_secrets"
    assert rule(start, "y") == "-"


def test_no_document_makes_a_state_grow() -> None:
    """Only names that a rule holds are remembered, and one state for all others."""
    start = state((DEEP, "a"), ("b", "c"))
    others = {id(start.member(f"name {number}")) for number in range(100)}
    elements = {id(start.element(number)) for number in range(100)}
    assert (len(others), len(elements)) == (1, 1)
    assert start.member("a") is start.member("a")
    assert start.member("b") is start.member("b")
    assert set(start._steps) == {"a", "b"}
    assert (len(start._other), len(start._elements)) == (1, 1)
    below = start.member("x")
    assert below is not None
    assert below.member("y") is below
    assert below.element(0) is below


def test_rules_that_are_found_later_are_joined() -> None:
    """The first that names a place is told."""
    found = Node()
    found.add(("a",), "found")
    found.add(("B", 0), "found", ignore_case=True)
    start = state(("a",), ("x",), ignore_case=True).joined(found)
    assert [rule(start, "A"), rule(start, "b", 0), rule(start, "X")] == [
        "rule 0", "found", "rule 1",
    ]  # fmt: skip
