r"""The user's regular expressions, bounded in time before they ever run.

Python's engine can't be stopped, so a pattern is judged when the middleware is built: the
number of ways in which it can match from one start is bounded by the product of its choices
(the repeats' ranges, the branches), and that product must be small. A repeat without an end
counts as :data:`LONGEST`, and a pattern with one is not tried on longer values: those are
redacted whole. ``\d+``, ``EMP-\d{6}`` and ``\w{1,64}@\w{1,64}`` are accepted, ``(a+)+`` and
``\w+@\w+`` are not. See docs/decisions/0010-bounded-patterns.rst.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import Any

from ..exceptions import ConfigurationError

if sys.version_info >= (3, 11):
    from re import _constants as names  # type: ignore[attr-defined]
    from re import _parser as parser
else:
    import sre_constants as names
    import sre_parse as parser

LONGEST = 4_096
"""Characters of a value that a pattern without a bound on its length is tried on."""
_CHOICES = 10_000


@dataclass(frozen=True, slots=True)
class UserPattern:
    """A pattern of the user's, and whether its length has a bound."""

    rule: str
    pattern: re.Pattern[str]
    is_bounded: bool


def user_pattern(option: str, rule: str) -> UserPattern:
    """Compile ``rule``.

    Raises:
        ConfigurationError: it can't be compiled, could take too long, or matches nothing at all.
    """
    try:
        tree = parser.parse(rule)
        pattern = re.compile(rule)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigurationError(
            f"{option}: {rule!r} is no detector and no regular expression: {error}"
        ) from None
    choices = _choices(tree, option, rule)
    if choices > _CHOICES:
        raise ConfigurationError(
            f"{option}: {rule!r} could take too long on some value: bound its repeats, such as "
            r"\w{1,64} for \w+"
        )
    if pattern.match("") is not None or tree.getwidth()[0] == 0:
        raise ConfigurationError(f"{option}: {rule!r} matches the empty text")
    return UserPattern(rule, pattern, is_bounded=tree.getwidth()[1] <= 1_000_000)


def _choices(tree: Any, option: str, rule: str) -> int:
    """Bound the ways in which ``tree`` can match from one start."""
    return math.prod(_choices_of(str(kind), value, option, rule) for kind, value in tree)


def _choices_of(kind: str, value: Any, option: str, rule: str) -> int:
    if kind in {"GROUPREF", "GROUPREF_EXISTS", "GROUPREF_IGNORE"}:
        raise ConfigurationError(
            f"{option}: {rule!r} refers back to a group: that can take any time"
        )
    if kind in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        least, most, inner = value
        ways = _choices(inner, option, rule)
        most = LONGEST if most is names.MAXREPEAT else int(most)
        ranges = max(1, most - int(least) + 1)
        return int(min(ways ** min(most, 64) * ranges, _CHOICES + 1))
    if kind == "BRANCH":
        return sum(_choices(branch, option, rule) for branch in value[1])
    if kind in {"ASSERT", "ASSERT_NOT"}:
        return _choices(value[1], option, rule)
    if kind == "SUBPATTERN":
        return _choices(value[-1], option, rule)
    if kind == "ATOMIC_GROUP":
        return _choices(value, option, rule)
    return 1
