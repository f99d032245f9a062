"""What crosses the wire, and what came of it.

A leaf: the transports, the delivery and the encoders all speak of these, and none of them
of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fragment:
    """One exchange, redacted and encoded: what a spool holds and a batch is made of.

    Attributes:
        id: The exchange's id, the same on every try.
        content: The encoded exchange.
    """

    id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """One request's worth of fragments, as the backend takes them."""

    content: bytes
    content_type: str
    ids: tuple[str, ...]

    def __len__(self) -> int:
        """How many exchanges it carries."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending a payload: facts only, the decision is ``delivery``'s.

    Attributes:
        status_code: The HTTP status, ``None`` if no answer came.
        error: The network error's text if no answer came, or what the answer's body said.
        retry_after: The Retry-After header as it came.
        rejected: How many of the payload's exchanges an accepting backend turned down.
        uncertain: Whether the payload may have arrived although no answer came.
        mend: What somebody has to do about it, in words that hold no key and nothing that the
            backend said; ``""`` if the status says enough.
    """

    status_code: int | None = None
    error: str = ""
    retry_after: str | None = None
    rejected: int = 0
    uncertain: bool = False
    mend: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the backend said that it has the payload (any 2xx)."""
        return self.status_code is not None and 200 <= self.status_code < 300


class Transport(Protocol):
    """The way to a backend. Sees bytes, never an exchange, so it cannot leak one."""

    def send(self, payload: Payload) -> Outcome:
        """Send ``payload`` once and say what came of it. Never raises for the network."""
        ...

    def close(self) -> None:
        """Let go of connections and files. May be called more than once."""
        ...


class Pack(Protocol):
    """Joins fragments to a payload; pure, and cheap next to encoding."""

    def __call__(self, fragments: Sequence[Fragment], /) -> Payload:
        """Return the payload that carries ``fragments``."""
        ...
