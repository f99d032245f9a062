"""Finds what is wrong with the rules when the middleware is built; the worker compiles them."""

from __future__ import annotations

from .jsonpath import Judged, plain
from .policy import RedactionPolicy


def find_mistakes(policy: RedactionPolicy) -> None:
    """Parse every rule that is more than a name.

    Raises:
        ConfigurationError: a rule can't be compiled; the text shows it and the place in it.
    """
    for option, rule in policy.paths():
        if plain(rule) is None:
            Judged(option, rule)
    if policy.redact_patterns:
        from .patterns import Patterns

        Patterns(policy.redact_patterns)
