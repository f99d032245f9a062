"""JSON as a tree: the document as it is, digit by digit, and nothing that would choke a page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics.inspector import tree as trees

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def tree(text, rules=None):
    return trees.tree(trees.parsed(text), rules or {})


def back(node):
    """Return what a tree shows, as the document that it was made of."""
    if node.kind == "object":
        return {child.key: back(child) for child in node.children}
    if node.kind == "array":
        return [back(child) for child in node.children]
    return node.text if node.kind == "string" else json.loads(node.text)


@given(documents)
def test_a_tree_is_the_document(document):
    """Every value is in it, in its place and of its kind."""
    assert back(tree(json.dumps(document))) == document


@pytest.mark.parametrize("number", ["12345678901234567890123", "1.10", "1e400", "-0", "2.50E-3"])
def test_a_number_keeps_its_text(number):
    """What Python would round or write otherwise is shown as it came."""
    (node,) = tree(f"[{number}]").children
    assert (node.kind, node.text) == ("number", number)


def test_a_key_that_comes_twice_is_there_twice():
    """A parser that keeps the last would hide what a client sent."""
    node = tree('{"a": 1, "a": 2}')
    assert [(child.key, child.text) for child in node.children] == [("a", "1"), ("a", "2")]


def test_rules_are_at_their_places():
    """By the path that the redaction noted."""
    node = tree('{"cards": [{"number": "[REDACTED]"}, 7]}', {"$.cards[0].number": "denylist"})
    (cards,) = node.children
    first, second = cards.children
    assert [(one.path, one.rule) for one in (*first.children, second)] == [
        ("$.cards[0].number", "denylist"),
        ("$.cards[1]", None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(list(range(trees.MAX_NODES))),
        "[" * (trees.MAX_DEPTH + 2) + "]" * (trees.MAX_DEPTH + 2),
    ],
    ids=["large", "deep"],
)
def test_too_much_to_be_read_as_a_tree_is_none(text):
    """The page shows the text then."""
    assert tree(text) is None


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "nonsense", ""])
def test_what_is_no_json_is_a_value_error(text):
    """However deep it is nested."""
    with pytest.raises(ValueError, match=r".+"):
        trees.parsed(text)


def test_only_the_top_and_short_lists_are_unfolded():
    """A page of a large document begins with an outline."""
    top = tree(json.dumps({"a": {"b": {"c": {"d": 1}}}, "long": list(range(51))}))
    a, long = top.children
    b = a.children[0]
    assert [one.is_open for one in (top, a, b, b.children[0], long)] == [
        True, True, True, False, False,
    ]  # fmt: skip
