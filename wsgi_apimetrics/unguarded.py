"""``dataclass(frozen=True)`` that only the type checker holds anybody to.

Where Python sees to it, each field of each value is written by a call: a tenth of all that
preparing an exchange takes. A hook that assigns to a value all the same changes its own
backend's alone, since each of them has the exchange made anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable


def dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
    """Make a class as :func:`dataclasses.dataclass` does; what is ``frozen`` has a hash."""
    return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)
