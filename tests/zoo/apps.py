"""The whole zoo, by name."""

from __future__ import annotations

from . import failures, requests, responses
from .species import LOREM, PNG, ZOO, Call, Journal, Recorded, Species

__all__ = [
    "LOREM",
    "PNG",
    "ZOO",
    "Call",
    "Journal",
    "Recorded",
    "Species",
    "failures",
    "requests",
    "responses",
]
