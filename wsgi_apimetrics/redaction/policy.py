"""The redaction options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..options import BOOLEAN, FUNCTION, PERMITS, RULES, STRINGS, option, optional

SENSITIVE_HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
)
"""Headers that are redacted by default; towards ReadMe, Authorization is masked instead."""


def _one_list(value: Any) -> tuple[tuple[str, ...], ...]:
    return (STRINGS.check(value),)


def _defaults(value: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = STRINGS.check(value)
    for name in names:
        if name.lower() not in SENSITIVE_HEADERS:
            raise ValueError(f"{name!r} is no header that is redacted by default")
    return names


class Hooks(NamedTuple):
    """Hooks that run one after the other; ``None`` from one ends it."""

    hooks: tuple[Callable[[Any], Any], ...]

    def __call__(self, exchange: Any) -> Any:
        """Return what the last hook returns."""
        for hook in self.hooks:
            exchange = hook(exchange)
            if exchange is None:
                return None
        return exchange


ALLOWLIST = STRINGS._replace(
    accepts="a list of texts", check=_one_list, joined=lambda shared, own: (*shared, *own)
)
DEFAULTS = PERMITS._replace(
    accepts=f"a list of header names out of {', '.join(SENSITIVE_HEADERS)}",
    check=_defaults,
)
HOOK = FUNCTION._replace(joined=lambda shared, own: Hooks((shared, own)))
EITHER = BOOLEAN._replace(joined=lambda shared, own: shared or own)


@dataclass(frozen=True, slots=True, eq=False)
class RedactionPolicy:
    """Options of redaction; for the middleware or for one backend, where they add up.

    ``allowlist`` is a tuple of lists, of which each must allow what is sent: the middleware's
    and the backend's.
    """

    denylist: tuple[str, ...] | None = option(
        None,
        optional(RULES),
        "Names of headers, cookies, URL parameters, form fields and top-level JSON members "
        "whose values are never sent; an entry that begins with $ is a JSONPath.",
    )
    allowlist: tuple[tuple[str, ...], ...] | None = option(
        None,
        optional(ALLOWLIST),
        "If given, the only names (or JSONPaths) whose values are sent; denylist goes before it.",
    )
    redact_headers: tuple[str, ...] | None = option(
        None, optional(RULES), "Names of headers whose values are never sent, in any case."
    )
    redact_request_body: tuple[str, ...] | None = option(
        None, optional(RULES), "JSONPaths of what is never sent of request bodies."
    )
    redact_response_body: tuple[str, ...] | None = option(
        None, optional(RULES), "JSONPaths of what is never sent of response bodies."
    )
    redact_common_secrets: bool = option(
        False,
        EITHER,
        "Redact the usual names of secrets (password, token, api_key, ssn...) at any depth.",
    )
    redact_patterns: tuple[str, ...] | None = option(
        None,
        optional(RULES),
        "Detectors on values (card, jwt, private_key, cloud_key, email) and regular expressions.",
    )
    redact_ignore_case: bool = option(
        False, EITHER, "Compare the names of fields, parameters and JSON members without case."
    )
    unredacted_headers: tuple[str, ...] | None = option(
        None,
        optional(DEFAULTS),
        "Headers that are redacted by default and shall not be; named cookies still are.",
    )
    before_send: Callable[[Any], Any] | None = option(
        None,
        optional(HOOK),
        "Takes each redacted exchange and returns it, changed or not, or None to drop it.",
    )

    def paths(self) -> list[tuple[str, str]]:
        """Return the rules that are JSONPaths, each after the name of its option."""
        mixed = [("denylist", self.denylist or ())]
        mixed += [("allowlist", entries) for entries in self.allowlist or ()]
        return [
            *((option, rule) for option, rules in mixed for rule in rules if rule.startswith("$")),
            *(("redact_request_body", rule) for rule in self.redact_request_body or ()),
            *(("redact_response_body", rule) for rule in self.redact_response_body or ()),
        ]
