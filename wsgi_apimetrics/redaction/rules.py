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
from .shortcut import Shortcut, Ways
from .states import Each, Node, Path, State

Side = Literal["request", "response"]
COMMON = "redact_common_secrets"


@dataclass(frozen=True, slots=True)
class Names:
    """Which names' values go: the denied ones, the usual secrets, and what is not allowed."""

    denied: dict[str, str]
    allowed: tuple[frozenset[str], ...] = ()
    ignore_case: bool = False
    secrets: bool = False

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
        shortcut: A quicker way than walking, where nothing but plain paths is set.
    """

    denied: Tree | None = None
    allowed: tuple[Tree, ...] = ()
    secrets: bool = False
    ignore_case: bool = False
    patterns: Patterns | None = None
    needed: tuple[tuple[str, ...], ...] | None = ()
    shortcut: Shortcut | None = None

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
    unnamed_headers: dict[str, bool] = field(default_factory=dict, compare=False)
    """Whether nothing is said of a header of that name: filled as headers come."""


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

    def side(own: Sequence[str] | None, option: str) -> BodyRules:
        return _body_rules(policy, plain_names, own or (), option, lists, patterns)

    return Rules(
        headers=Names(_header_names(header_names), folded, True, secrets),
        cookies=Names({fold(name): name for name in plain_names}, folded, True, secrets),
        fields=Names(
            {fold(name) if case else name: name for name in plain_names}, exact, case, secrets
        ),
        request=side(policy.redact_request_body, "redact_request_body"),
        response=side(policy.redact_response_body, "redact_response_body"),
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


def _body_rules(
    policy: RedactionPolicy,
    names: Sequence[str],
    own: Sequence[str],
    option: str,
    lists: Sequence[Sequence[str]],
    patterns: Patterns | None,
) -> BodyRules:
    case = policy.redact_ignore_case
    paths = [("denylist", rule) for rule in policy.denylist or () if rule.startswith("$")]
    paths += [(option, rule) for rule in own]
    secrets = policy.redact_common_secrets
    denied = _tree(names, paths, case=case, secrets=secrets)
    some = bool(names or paths or secrets)
    walked = denied.judged or secrets or lists or patterns or case
    return BodyRules(
        denied=denied if some else None,
        allowed=tuple(
            _tree(
                _names(entries),
                [("allowlist", entry) for entry in entries if entry.startswith("$")],
                case=case,
                secrets=False,
            )
            for entries in lists
        ),
        secrets=secrets,
        ignore_case=case,
        patterns=patterns,
        needed=_needed(names, paths, denied.judged, ignore_case=case),
        shortcut=None if walked else Shortcut.through(_ways(names, paths)),
    )


def _ways(names: Sequence[str], paths: Sequence[tuple[str, str]]) -> Ways:
    """The paths of rules that are all plain."""
    plain_paths = ((plain(rule), rule) for _, rule in paths)
    return (
        *(((name,), name) for name in names),
        *(((Each(elements_only=True), name), name) for name in names),
        *((path, rule) for path, rule in plain_paths if path is not None),
    )


def _tree(
    names: Sequence[str], paths: Sequence[tuple[str, str]], *, case: bool, secrets: bool
) -> Tree:
    node = Node()
    judged = []
    for name in names:
        node.add((name,), name, ignore_case=case)
        node.add((Each(elements_only=True), name), name, ignore_case=case)
    for option, rule in paths:
        path = plain(rule)
        if path is None:
            judged.append(Judged(option, rule))
        else:
            node.add(path, rule, ignore_case=case)
    if secrets:
        node.deep = node.deep or Node(loops=True)
        node.deep.secrets = True
    return Tree(State([node], ignore_case=case), node, tuple(judged))


def _needed(
    names: Sequence[str],
    paths: Sequence[tuple[str, str]],
    judged: Sequence[Judged],
    *,
    ignore_case: bool,
) -> tuple[tuple[str, ...], ...] | None:
    needed: list[tuple[str, ...]] = [(name,) for name in names]
    needed += [rule.names for rule in judged]
    for path in (plain(rule) for _, rule in paths):
        if path is not None:
            needed.append(_names_of(path))
    if not all(needed):
        return None
    if ignore_case:
        return tuple(tuple(map(fold, some)) for some in needed)
    return tuple(needed)


def _names_of(path: Path) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))
