"""What rules and records consist of is shared by threads: nobody can change it, or add to it."""

from __future__ import annotations

import dataclasses

import pytest

from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.redaction.multipart import Part
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.regexes import UserPattern
from wsgi_apimetrics.redaction.rules import BodyRules, Names, Rules, Tree
from wsgi_apimetrics.redaction.states import EACH, ELEMENTS, Deep, Each

KINDS = [BodyRules, CapturePolicy, Each, Names, Part, RedactionPolicy, Rules, Tree, UserPattern]


@pytest.mark.parametrize("kind", [*KINDS, Deep])
def test_a_value_stays_what_it_is(kind: type) -> None:
    """And takes no more room than its fields."""
    value = object.__new__(kind)
    for name in [*(field.name for field in dataclasses.fields(kind)), "other"]:
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            setattr(value, name, 1)
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("kind", [CapturePolicy, RedactionPolicy])
def test_a_policy_is_like_no_other(kind: type) -> None:
    """It is known by who it is, and never compared option by option."""
    one = kind()
    assert one == one  # noqa: PLR0124
    assert one != kind()
    assert len({one, kind()}) == 2


def test_steps_are_known_by_what_they_say() -> None:
    """Two that reach the same are one."""
    assert Each() == EACH
    assert Each(elements_only=True) == ELEMENTS
    assert EACH != ELEMENTS
    assert Deep() == Deep()
