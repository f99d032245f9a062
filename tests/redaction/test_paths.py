"""What a JSONPath becomes: a plain path, or places that jsonpath-ng finds; and what it needs."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest

from wsgi_apimetrics.exceptions import ConfigurationError
from wsgi_apimetrics.redaction.jsonpath import Judged, plain
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.rules import compiled
from wsgi_apimetrics.redaction.states import DEEP, EACH, Path

OLD = tuple(map(int, version("jsonpath-ng").split(".")[:2])) < (1, 16)
only_new = pytest.mark.skipif(OLD, reason="this jsonpath-ng reads and judges fewer rules")


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("$", ()),
        ("a", ("a",)),
        ("$.a", ("a",)),
        ("$.a.b-c", ("a", "b-c")),
        ("a['b c'][\"d'e\"]", ("a", "b c", "d'e")),
        ("$..a", (DEEP, "a")),
        ("$.a..b.c", ("a", DEEP, "b", "c")),
        ("$.*", (EACH,)),
        ("$[*]", (EACH,)),
        ("$.a.[*].b", ("a", EACH, "b")),
        ("$.*.*..a", (EACH, EACH, DEEP, "a")),
        ("$..a[*]", (DEEP, "a", EACH)),
        ("$..a[*].b", (DEEP, "a", EACH, "b")),
        ("$..a[*][*]", None),
        ("$.*..a.*[*]", None),
        ("$..a..b", None),
        ("$..*", None),
        ("$.a[0]", None),
        ("$.a,b", None),
        ("$.a b", None),
        ("$.true", None),
        ("null", None),
        ("$.a where b", None),
        ("$.where", None),
        ("a.wherenot", None),
        ("", None),
        ("[*]", None),
        ("$['a*']", None),
    ],
)
def test_a_plain_path_is_a_chain_of_names(rule: str, path: Path | None) -> None:
    """With at most one .. and, from there on, one [*]; all else is judged."""
    assert plain(rule) == path


@pytest.mark.parametrize(
    ("rule", "document", "places"),
    [
        ("$.a.`parent`.b", {"a": 1, "b": 2}, [("b",)]),
        ("$.a where b", {"a": {"b": 1}}, [("a",)]),
        ("$.a where b", {"a": {"c": 1}}, []),
        pytest.param("$.a[-1]", {"a": [1, 2, 3]}, [("a", 2)], marks=only_new),
        pytest.param("$.a[-3].b", {"a": [{"b": 1}, 2, 3]}, [("a", 0, "b")], marks=only_new),
        ("$.a[0:2]", {"a": [1, 2, 3]}, [("a", 0), ("a", 1)]),
        ("$.a[1]", {"a": [1, 2, 3]}, [("a", 1)]),
        ("$.a[?(@.n > 1)].b", {"a": [{"n": 1}, {"n": 2, "b": 0}]}, [("a", 1, "b")]),
        ("$", 1, [()]),
    ],
)
def test_a_judged_rule_gives_places_from_the_root(
    rule: str, document: Any, places: list[tuple[Any, ...]]
) -> None:
    """With indexes counted from the start."""
    assert Judged("option", rule).places(document) == places


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("$.a[0].b", ("a", "b")),
        ("$.a..b..c", ("a", "b", "c")),
        ("$.a where b", ("a",)),
        ("$.a,b", ()),
        ("$.x.a,b", ("x",)),
        ("$..*", ()),
        ("$.a[?(@.b)].c", ("a", "c")),
        ("$", ()),
        ("$['#x'][0]", ("#x",)),
        ("(a|b)", ()),
    ],
)
def test_a_judged_rule_needs_the_names_on_its_way(rule: str, names: tuple[str, ...]) -> None:
    """Not those of a condition, nor one of several."""
    assert Judged("option", rule).names == names


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("$.a.`len`", "computes a value"),
        ("$.a.`keys`", "computes a value"),
        ("$.a + $.b", "computes a value"),
        ("$.x.a.`sub(/a/, b)`", "computes a value"),
        ("$.a.`len`.b", "computes a value"),
        ("$.a[", "is no JSONPath"),
        ("$.a[?(", "is no JSONPath"),
        ("$.a.`sub(/[/, b)`", f"is no JSONPath: {re.error.__name__}"),
        ("$.a.`split(x)`", "is no JSONPath: DefintionInvalid"),
    ],
)
def test_what_names_no_place_is_refused(rule: str, what: str) -> None:
    """With the option's name and the rule as it was written."""
    with pytest.raises(ConfigurationError) as error:
        Judged("option", rule)
    assert str(error.value).startswith(f"option: {rule!r} ")
    assert what in str(error.value)


@pytest.mark.parametrize(
    ("options", "request_needs", "response_needs"),
    [
        ({}, (), ()),
        ({"denylist": ("a", "$.b.c")}, (("a",), ("b", "c")), (("a",), ("b", "c"))),
        ({"denylist": ("a", "$.*")}, None, None),
        ({"redact_request_body": ("x", "$.y[0].z")}, (("x",), ("y", "z")), ()),
        ({"redact_response_body": ("$[*].z",)}, (), (("z",),)),
        ({"redact_request_body": ("$[*]",)}, None, ()),
        ({"denylist": ("A",), "redact_ignore_case": True}, (("a",),), (("a",),)),
        ({"denylist": ("",)}, (("",),), (("",),)),
    ],
)
def test_rules_need_names_without_which_they_reach_nothing(
    options: dict[str, Any], request_needs: Any, response_needs: Any
) -> None:
    """Each side its own; nothing is known where a rule does without a name."""
    rules = compiled(RedactionPolicy(**options))
    assert (rules.request.needed, rules.response.needed) == (request_needs, response_needs)


def test_the_jsonpaths_of_a_policy_are_told_with_their_options() -> None:
    """Names are none; what is named of a body is a path in any case."""
    assert RedactionPolicy().paths() == []
    policy = RedactionPolicy(
        denylist=("a", "$.a"), allowlist=(("b", "$.b"), ("$.c",)),
        redact_request_body=("$.d", "e"), redact_response_body=("$.f",),
    )  # fmt: skip
    assert policy.paths() == [
        ("denylist", "$.a"), ("allowlist", "$.b"), ("allowlist", "$.c"),
        ("redact_request_body", "$.d"), ("redact_request_body", "e"),
        ("redact_response_body", "$.f"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "fields", "bodies"),
    [
        ({}, False, False),
        ({"denylist": ()}, False, False),
        ({"denylist": ("a",)}, True, True),
        ({"denylist": ("$.a",)}, False, True),
        ({"allowlist": (("a",),)}, True, True),
        ({"allowlist": ("a",)}, True, True),
        ({"redact_common_secrets": True}, True, True),
        ({"redact_patterns": ("email",)}, False, True),
        ({"redact_headers": ("a",)}, False, False),
        ({"redact_request_body": ("a",)}, False, True),
    ],
)
def test_without_a_rule_nothing_is_looked_at(
    options: dict[str, Any], fields: bool, bodies: bool
) -> None:
    """A name is a rule for both; a JSONPath for bodies alone."""
    rules = compiled(RedactionPolicy(**options))
    assert (bool(rules.fields), bool(rules.request)) == (fields, bodies)


@pytest.mark.parametrize("allowlist", [("a", "b"), (("a", "b"),), (("a", "b", "c"), ("b", "a"))])
def test_an_allowlist_may_be_one_or_several(allowlist: Any) -> None:
    """Each of them must allow."""
    fields = compiled(RedactionPolicy(allowlist=allowlist)).fields
    assert [fields.rule(name) for name in "abc"] == [None, None, "allowlist"]


def test_what_is_denied_is_named_before_what_is_secret_or_not_allowed() -> None:
    """The rule that is told is the user's own, as it was written."""
    rules = compiled(
        RedactionPolicy(
            denylist=("Token", "A_B"), allowlist=(("token", "pin", "b"),),
            redact_common_secrets=True, redact_ignore_case=True,
        )
    )  # fmt: skip
    names = {"TOKEN": "Token", "pin": "redact_common_secrets", "b": None, "c": "allowlist"}
    assert {name: rules.fields.rule(name) for name in names} == names
    assert {name: rules.cookies.rule(name) for name in names} == names
    assert rules.headers.rule("a-b") == "A_B"
    assert rules.headers.rule("token") == "Token"
