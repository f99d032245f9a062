"""Where in a document the rules reach: paths as a small automaton over names and indexes.

Rules are compiled to a tree of :class:`Node`; a :class:`State` is the set of nodes that are
alive at one place of a document, with what follows each name worked out once. Only names that
a rule holds are remembered, so no document can make it grow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from .names import fold, is_common_secret

_PLAIN = re.compile(r"[A-Za-z0-9_.:$@ -]+")
_TOO_MANY_WAYS = 33
"""Looking for the names on so many ways takes longer than walking on."""

Key = str | int
"""A member's name, or an element's index."""


@dataclass(frozen=True, slots=True)
class Each:
    """A step to every member and element (``[*]``), or to elements only."""

    elements_only: bool = False


@dataclass(frozen=True, slots=True)
class Deep:
    """A step to the place itself and to everything below it (``..``)."""


EACH, ELEMENTS, DEEP = Each(), Each(elements_only=True), Deep()
Step = Key | Each | Deep
Path = tuple[Step, ...]


class Node:
    """One place in the tree of rules; ``rule`` is set where one ends."""

    __slots__ = ("deep", "each", "elements", "loops", "rule", "secrets", "steps")

    def __init__(self, *, loops: bool = False, secrets: bool = False) -> None:
        self.steps: dict[Key, Node] = {}
        self.each: Node | None = None
        self.elements: Node | None = None
        self.deep: Node | None = None
        self.loops = loops
        self.secrets = secrets
        self.rule: str | None = None

    def add(self, path: Path, rule: str, *, ignore_case: bool = False) -> None:
        """Add the ``rule`` that names ``path``."""
        node = self
        for step in path:
            name = isinstance(step, str) and ignore_case
            node = node._next(fold(str(step)) if name else step)
        node.rule = node.rule or rule

    def ways(self) -> Iterator[tuple[str, ...]]:
        """Yield the names on the way to each rule below."""
        others = (self.each, self.elements, self.deep)
        for key, node in [*self.steps.items(), *((None, node) for node in others if node)]:
            names = (key,) if isinstance(key, str) else ()
            if node.rule is not None:
                yield names
            for more in node.ways():
                yield (*names, *more)

    @property
    def spreads(self) -> bool:
        """Whether it reaches more than one place for each path (not counting a list's own)."""
        if self.secrets or self.deep is not None or self.each is not None:
            return True
        return any(node.elements is not None or node.spreads for node in self.steps.values())

    def _next(self, step: Step) -> Node:
        if isinstance(step, Deep):
            self.deep = self.deep or Node(loops=True)
            return self.deep
        if isinstance(step, Each) and step.elements_only:
            self.elements = self.elements or Node()
            return self.elements
        if isinstance(step, Each):
            self.each = self.each or Node()
            return self.each
        return self.steps.setdefault(step, Node())


class State:
    """What the rules say at one place.

    Attributes:
        rule: The rule that names the place, if any does.
        waits: For each rule that may reach something from here the names on its way, as JSON
            quotes them: where one of them is not to come, neither is what the rule names. Empty
            where a rule needs none, or where a name may be written in more than one way.
    """

    __slots__ = (
        "_elements",
        "_has_indexes",
        "_names",
        "_nodes",
        "_other",
        "_secrets",
        "_steps",
        "ignore_case",
        "rule",
        "waits",
    )

    def __init__(self, nodes: Iterable[Node], *, ignore_case: bool = False) -> None:
        alive = dict.fromkeys(nodes)
        for node in list(alive):
            if node.deep is not None:
                alive[node.deep] = None
        self._nodes = tuple(alive)
        self.ignore_case = ignore_case
        self._secrets = any(node.secrets for node in alive)
        self._names = frozenset(key for node in alive for key in node.steps)
        self._has_indexes = any(isinstance(key, int) for key in self._names)
        self._steps: dict[Key, State | None] = {}
        self._other: list[State | None] = []
        self._elements: list[State | None] = []
        self.rule = next((node.rule for node in alive if node.rule is not None), None)
        self.waits = self._waits()

    def _waits(self) -> tuple[tuple[str, ...], ...]:
        if self.ignore_case or self._secrets:
            return ()
        every = chain.from_iterable(node.ways() for node in self._nodes)
        ways = list(islice(every, _TOO_MANY_WAYS))
        if len(ways) == _TOO_MANY_WAYS or not all(ways):
            return ()
        if not all(_PLAIN.fullmatch(name) for names in ways for name in names):
            return ()
        return tuple(tuple(f'"{name}"' for name in names) for names in dict.fromkeys(ways))

    def member(self, name: str) -> State | None:
        """Return the state at the member ``name``; ``None`` where no rule reaches."""
        key = fold(name) if self.ignore_case else name
        if key in self._steps:
            return self._steps[key]
        if self._secrets and is_common_secret(name):
            return COMMON_SECRET
        if key in self._names:
            found = self._after([node.steps[key] for node in self._nodes if key in node.steps])
            self._steps[key] = found
            return found
        if not self._other:
            self._other.append(self._after([]))
        return self._other[0]

    def element(self, index: int) -> State | None:
        """Return the state at the element ``index``."""
        if self._elements and not self._has_indexes:
            return self._elements[0]
        elements = [node.elements for node in self._nodes if node.elements is not None]
        if index in self._names:
            chosen = [node.steps[index] for node in self._nodes if index in node.steps]
            return self._after([*chosen, *elements])
        if not self._elements:
            self._elements.append(self._after(elements))
        return self._elements[0]

    def joined(self, other: Node) -> State:
        """Return this state with the rules of one more tree."""
        return State((*self._nodes, other), ignore_case=self.ignore_case)

    def _after(self, found: list[Node]) -> State | None:
        everywhere = [node.each for node in self._nodes if node.each is not None]
        loops = [node for node in self._nodes if node.loops]
        nodes = [*found, *everywhere, *loops]
        if not nodes:
            return None
        after = State(nodes, ignore_case=self.ignore_case)
        return self if after._nodes == self._nodes else after


_common = Node()
_common.rule = "redact_common_secrets"
COMMON_SECRET = State((_common,))
"""The state at a member whose name is one of the common secrets'."""
