"""The redaction options."""

from __future__ import annotations

from dataclasses import dataclass

from ..options import PERMITS, RULES, option, optional


@dataclass(frozen=True, slots=True)
class RedactionPolicy:
    """Options of redaction; for the middleware or for one backend, where they add up."""

    denylist: tuple[str, ...] | None = option(
        None, optional(RULES), "Names whose values are never sent."
    )
    allowlist: tuple[str, ...] | None = option(
        None, optional(PERMITS), "If given, the only names whose values are sent."
    )
