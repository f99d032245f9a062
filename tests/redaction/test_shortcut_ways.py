"""When a document is read whole rather than walked, and when only a walk can tell."""

from __future__ import annotations

import json

import pytest

from wsgi_apimetrics.redaction import shortcut
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.states import DEEP, EACH, ELEMENTS, Node, Path, State
from wsgi_apimetrics.redaction.vocabulary import README

DEEP_A = (DEEP, "a")


def redacted(text: str, *paths: Path) -> str | None:
    """Return the text without what the rules name; ``None``: only walking it can tell."""
    node = Node()
    for path in paths:
        node.add(path, "rule")
    return shortcut.redacted(text, State([node]), "here", Marks(README, (), listens=False))


@pytest.mark.parametrize("blanks", ["", " ", "\n\t \r"])
@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('{"a":1}', '{"a":"[REDACTED]"}'),
        ('{"a":"x","b":"a"}', '{"a":"[REDACTED 1]","b":"a"}'),
        ('{"a":"\\n\\"","b":1}', '{"a":"[REDACTED 2]","b":1}'),
        ('{"a" : [1, {"a": 2}] , "b":1}', '{"a" : "[REDACTED]" , "b":1}'),
        ('{"b":[[{"a":true}],{"a":null}]}', '{"b":[[{"a":"[REDACTED]"}],{"a":"[REDACTED]"}]}'),
        ('{"b":{"b":{"a":-1.5e3}},"a":2}', '{"b":{"b":{"a":"[REDACTED]"}},"a":"[REDACTED]"}'),
        ('{"a":1,"a":"xy"}', '{"a":"[REDACTED]","a":"[REDACTED 2]"}'),
        ('{"b":"a\\\\","a":1}', '{"b":"a\\\\","a":"[REDACTED]"}'),
        ('{"b":1}', '{"b":1}'),
        ("[]", "[]"),
        ('"a"', '"a"'),
    ],
)
def test_what_is_read_whole_needs_no_walk(text: str, after: str, blanks: str) -> None:
    """Whatever stands around the members that a name reaches."""
    assert redacted(f"{blanks}{text}{blanks}", DEEP_A) == f"{blanks}{after}{blanks}"


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("", [DEEP_A]),
        ('{"a":1', [DEEP_A]),
        ('{"a":1} 2', [DEEP_A]),
        ('{"\\u0061":1}', [DEEP_A]),
        ('{"\\u0061":1,"a":2}', [DEEP_A]),
        ("[1]", [(EACH,)]),
        ("[1]", [()]),
        ('{"b":[1]}', [("b", ELEMENTS)]),
        ('{"":1}', [(DEEP, "")]),
        ('{",a":1}', [(DEEP, ",a")]),
    ],
)
def test_what_the_text_does_not_show_is_walked(text: str, paths: list[Path]) -> None:
    """A document that is broken, a name in escapes, an element that goes by itself."""
    assert redacted(text, *paths) is None


def test_a_list_without_elements_names_none() -> None:
    """Then nothing goes that is no member."""
    assert redacted('{"b":[]}', ("b", ELEMENTS)) == '{"b":[]}'


@pytest.mark.parametrize(("count", "is_read"), [(16, True), (17, False)])
def test_many_names_are_sooner_found_by_walking(count: int, is_read: bool) -> None:
    """Each costs a search of the whole text."""
    document = {f"n{number}": "x" for number in range(count)}
    after = redacted(json.dumps(document), *((DEEP, name) for name in document))
    assert after == (json.dumps(document).replace('"x"', '"[REDACTED 1]"') if is_read else None)


def test_a_name_may_come_hundreds_of_times() -> None:
    """Where others of it stay, too."""
    text = json.dumps([{"a": {"a": "stays"}}, {"b": {"a": "goes"}}] * 300)
    assert redacted(text, (ELEMENTS, "b", "a")) == text.replace("goes", "[REDACTED 4]")
    text = json.dumps([{"a": "goes"}] * 300)
    assert redacted(text, DEEP_A) == text.replace("goes", "[REDACTED 4]")


def test_members_of_several_names_go_in_the_order_of_the_text() -> None:
    """Whichever name the rules have first."""
    text = '[{"b":"y","a":"x","c":1},{"a":{"b":2},"b":[]}]'
    after = '[{"b":"[REDACTED 1]","a":"[REDACTED 1]","c":1},{"a":"[REDACTED]","b":"[REDACTED]"}]'
    assert redacted(text, (ELEMENTS, "a"), (ELEMENTS, "b")) == after
