"""The whole rule set of one backend, compiled once from its policy.

A rule is a name or a JSONPath. Names are looked up by :class:`Names`; what reaches into a
document is a :class:`BodyRules` for each side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .jsonpath import Judged, plain
from .names import fold, is_common_secret
from .patterns import Patterns
from .policy import SENSITIVE_HEADERS, RedactionPolicy
from .states import ELEMENTS, Node, Path, State

Side = Literal["request", "response"]
COMMON = "redact_common_secrets"
Ways = tuple[tuple[Path | Judged, str], ...]
"""Where rules reach in a document, each with the rule as it was written."""


@dataclass(frozen=True, slots=True)
class Names:
    """Which names' values go: the denied ones, the usual secrets, and what is not allowed."""

    denied: dict[str, str]
    allowed: tuple[frozenset[str], ...]
    ignore_case: bool
    secrets: bool

    def rule(self, name: str) -> str | None:
        """Return the rule by which the value of ``name`` goes, ``None`` if it stays."""
        key = fold(name) if self.ignore_case else name
        found = self.denied.get(key)
        if found is not None:
            return found
        if self.secrets and is_common_secret(name):
            return COMMON
        if self.allowed and not all(key in names for names in self.allowed):
            return "allowlist"
        return None

    def __bool__(self) -> bool:
        return bool(self.denied or self.allowed or self.secrets)


@dataclass(frozen=True, slots=True)
class Tree:
    """Paths to places in a document: plain ones compiled, the others judged by jsonpath-ng."""

    root: State
    node: Node
    judged: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True)
class BodyRules:
    """What goes from the bodies of one side.

    Attributes:
        denied: What goes, ``None`` if nothing is named.
        allowed: Trees of which each must name what stays.
        needed: For each rule, names without which it reaches nothing; ``None`` where some
            rule reaches places without a name.
        spread: Whether what goes is sooner found by reading a document whole than by walking it.
    """

    denied: Tree | None = None
    allowed: tuple[Tree, ...] = ()
    secrets: bool = False
    ignore_case: bool = False
    patterns: Patterns | None = None
    needed: tuple[tuple[str, ...], ...] | None = ()
    spread: bool = False

    def __bool__(self) -> bool:
        return bool(self.denied or self.allowed or self.patterns)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that a redactor applies."""

    headers: Names
    cookies: Names
    fields: Names
    request: BodyRules
    response: BodyRules
    patterns: Patterns | None
    sensitive: frozenset[str]
    header_ways: dict[str, Any] = field(default_factory=dict, compare=False)
    """What is done with the headers of a name (``headers.Way``): filled as headers come."""


def compiled(policy: RedactionPolicy) -> Rules:
    """Compile a policy.

    Raises:
        ConfigurationError: a rule can't be compiled; the text shows it and the place in it.
    """
    denied = policy.denylist or ()
    lists = _lists(policy.allowlist)
    plain_names = [entry for entry in denied if not entry.startswith("$")]
    case = policy.redact_ignore_case
    secrets = policy.redact_common_secrets
    kept = {name.lower() for name in policy.unredacted_headers or ()}
    sensitive = frozenset(name for name in SENSITIVE_HEADERS if name not in kept)
    header_names = [*plain_names, *(policy.redact_headers or ())]
    patterns = Patterns(policy.redact_patterns) if policy.redact_patterns else None
    folded = tuple(frozenset(map(fold, _names(entries))) for entries in lists)
    exact = folded if case else tuple(frozenset(_names(entries)) for entries in lists)

    allowed = tuple(_tree(_names(some), _ways("allowlist", some), case=case) for some in lists)
    for_both = _ways("denylist", denied)
    for_requests = _ways("redact_request_body", policy.redact_request_body or (), names_too=True)
    for_responses = _ways("redact_response_body", policy.redact_response_body or (), names_too=True)

    def side(own: Ways) -> BodyRules:
        return _body_rules(policy, plain_names, (*for_both, *own), allowed, patterns)

    request = side(for_requests)
    return Rules(
        headers=Names(_header_names(header_names), folded, True, secrets),
        cookies=Names({fold(name): name for name in plain_names}, folded, True, secrets),
        fields=Names(
            {fold(name) if case else name: name for name in plain_names}, exact, case, secrets
        ),
        request=request,
        response=side(for_responses) if for_requests or for_responses else request,
        patterns=patterns,
        sensitive=sensitive,
    )


def _header_names(names: Iterable[str]) -> dict[str, str]:
    """By folded name; WSGI can't tell ``_`` from ``-`` in a request header's name."""
    return {fold(name).replace("_", "-"): name for name in names}


def _names(entries: Sequence[str]) -> list[str]:
    return [entry for entry in entries if not entry.startswith("$")]


def _lists(allowlist: Sequence[Any] | None) -> tuple[tuple[str, ...], ...]:
    """Each of them must allow; a policy made by hand may hold one list as it is."""
    if allowlist is None:
        return ()
    flat = tuple(entry for entry in allowlist if isinstance(entry, str))
    return (flat,) if flat else tuple(allowlist)


def _ways(option: str, rules: Iterable[str], *, names_too: bool = False) -> Ways:
    """The rules that are JSONPaths, each parsed once: jsonpath-ng needs 0.4 ms for one."""
    ways: list[tuple[Path | Judged, str]] = []
    for rule in rules:
        if names_too or rule.startswith("$"):
            path = plain(rule)
            ways.append((Judged(option, rule) if path is None else path, rule))
    return tuple(ways)


def _body_rules(
    policy: RedactionPolicy,
    names: Sequence[str],
    ways: Ways,
    allowed: tuple[Tree, ...],
    patterns: Patterns | None,
) -> BodyRules:
    case = policy.redact_ignore_case
    secrets = policy.redact_common_secrets
    denied = _tree(names, ways, case=case, secrets=secrets)
    return BodyRules(
        denied=denied if names or ways or secrets else None,
        allowed=allowed,
        secrets=secrets,
        ignore_case=case,
        patterns=patterns,
        needed=_needed(names, ways, ignore_case=case),
        spread=denied.node.spreads and not denied.judged and not allowed,
    )


def _tree(names: Sequence[str], ways: Ways, *, case: bool, secrets: bool = False) -> Tree:
    node = Node()
    for name in names:
        node.add((name,), name, ignore_case=case)
        node.add((ELEMENTS, name), name, ignore_case=case)
    judged = []
    for way, rule in ways:
        if isinstance(way, Judged):
            judged.append(way)
        else:
            node.add(way, rule, ignore_case=case)
    if secrets:
        node.deep = node.deep or Node(loops=True)
        node.deep.secrets = True
    return Tree(State([node], ignore_case=case), node, tuple(judged))


def _needed(
    names: Iterable[str], ways: Ways, *, ignore_case: bool
) -> tuple[tuple[str, ...], ...] | None:
    needed: list[tuple[str, ...]] = [(name,) for name in names]
    needed += [way.names if isinstance(way, Judged) else _names_of(way) for way, _ in ways]
    if not all(needed):
        return None
    if ignore_case:
        return tuple(tuple(map(fold, some)) for some in needed)
    return tuple(needed)


def _names_of(path: Path) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))
