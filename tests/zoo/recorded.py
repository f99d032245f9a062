"""What an exchange of the zoo should have recorded, and how to say where it did not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .probe import Mode
from .species import UNKNOWN, Recorded, Species


def text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("latin-1")


def summary(exchange: Any) -> dict[str, Any]:
    """Return the facts that :func:`expected` speaks of."""
    request, response = exchange.request.body, exchange.response.body
    return {
        "status": exchange.response.status_code,
        "body": text(response.content),
        "size": response.size,
        "omitted": response.omitted,
        "truncated": response.truncated,
        "request_body": text(request.content),
        "request_size": request.size,
        "request_omitted": request.omitted,
        "errors": [error.type.rpartition(".")[2] for error in exchange.errors],
        "aborted": exchange.aborted,
    }


def expected(species: Species) -> dict[str, Any]:
    """Return what one exchange with ``species``, read fully and closed, is to be recorded as."""
    return _facts(species, species.recorded)


def summary_of_file(facts: dict[str, Any]) -> dict[str, Any]:
    """Return ``facts`` of a response body that the server is left to send by itself."""
    kept = {name: fact for name, fact in facts.items() if name != "size"}
    return {**kept, "body": None, "omitted": "sendfile"}


def expected_in(species: Species, mode: Mode) -> dict[str, Any] | None:
    """The same for another mode; only facts that follow from PEP 3333 are in it."""
    recorded = species.recorded
    if mode is Mode.FULL or recorded.as_came:
        return _facts(species, recorded)
    if mode in (Mode.FIRST, Mode.UNITERATED):
        cut = replace(recorded, body=recorded.writes, size=None, truncated=False, aborted=True)
        facts = _facts(species, cut)
        unsure = {"errors", "request_body", "request_size", "request_omitted"}
        if not recorded.started or recorded.errors:
            unsure |= {"status", "aborted"}
        return {name: fact for name, fact in facts.items() if name not in unsure}
    return None


def _facts(species: Species, recorded: Recorded) -> dict[str, Any]:
    facts = {
        "status": recorded.status,
        "body": text(recorded.body),
        "size": recorded.size,
        "omitted": recorded.omitted,
        "truncated": recorded.truncated,
        "request_body": text(recorded.request_body),
        "request_size": recorded.request_size,
        "request_omitted": recorded.request_omitted,
        "errors": list(recorded.errors),
        "aborted": recorded.aborted,
    }
    if recorded.size == UNKNOWN:
        facts["size"] = None
    elif recorded.size is None and recorded.body is not None:
        facts["size"] = len(recorded.body)
    elif recorded.size is None:
        del facts["size"]
    if recorded.body is None and recorded.omitted is None:
        del facts["body"]
    if recorded.request_size == UNKNOWN:
        facts["request_size"] = None
    elif recorded.request_size is None:
        del facts["request_size"]
    return facts
