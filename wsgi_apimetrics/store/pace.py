"""How much of a long piece of work to do at a time, so that nobody waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

HELD_SECONDS = 0.01
"""How long a slice holds the lock, about: what another writer may have to wait for."""

GAP_SECONDS = 0.002
"""Between two slices: whoever waits for the lock looks every millisecond."""


@dataclass(slots=True)
class Pace:
    """The size of the next slice, by how long the last one took.

    Attributes:
        size: How much to do.
        least: It is no less than this, however long that takes.
        most: It is no more than this.
    """

    size: int
    least: int = 16
    most: int = 500

    def learn(self, done: int, begun: float) -> None:
        """Take in that so much was done since ``begun``, a time of ``time.monotonic``."""
        took = max(time.monotonic() - begun, 1e-4)
        if done >= self.size or took > HELD_SECONDS:
            better = self.size * min(2.0, max(0.25, HELD_SECONDS / took))
            self.size = min(self.most, max(self.least, int(better)))


def rest() -> None:
    """Let others have the lock."""
    time.sleep(GAP_SECONDS)
