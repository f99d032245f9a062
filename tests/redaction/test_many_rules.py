"""What so many rules cost, in calls that are made: a count that no other load can change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from exchanges import exchange

from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.redactor import Redactor
from wsgi_apimetrics.redaction.vocabulary import README

BODY = b'{"user": {"name_7": "a", "other": [1, 2, {"name_9": "b"}]}, "name_3": "c"}'
RULES = ["name_{}", "$.user.name_{}", "$..name_{}", "$['name {}'][*].name"]


def calls(action: Callable[[], Any]) -> int:
    """How many functions, of Python and of C, ``action`` calls."""
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def redactor(rule: str, count: int) -> Redactor:
    """A redactor with so many rules of one shape."""
    return Redactor(RedactionPolicy(denylist=tuple(map(rule.format, range(count)))), README)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_costs_the_same_among_many(rule: str) -> None:
    """Compiling twice as many rules calls at most twice as many functions."""
    some, more = (calls(lambda count=count: redactor(rule, count)) for count in (500, 1000))
    assert some > 500
    assert more <= 2 * some


@pytest.mark.parametrize("rule", RULES)
def test_an_exchange_costs_the_same_under_more_rules(rule: str) -> None:
    """What redacts an exchange calls no more functions for ten times the rules."""
    one = exchange(BODY, BODY, query="name_5=a&b=c", headers={"X-Name": "b"})
    costs = []
    for count in (200, 2000):
        redact = redactor(rule, count).redact
        redact(one)
        costs.append(calls(lambda redact=redact: redact(one)))
    assert costs[1] <= costs[0]
