"""From what was given (arguments, the environment, a file) to checked values and policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..exceptions import ConfigurationError
from .kind import Kind, checked, parsed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ENV_PREFIX = "WSGI_APIMETRICS_"
"""The environment variable of an option is this and the option's name in capitals."""

P = TypeVar("P", bound="DataclassInstance")


def option(default: Any, kind: Kind, doc: str) -> Any:
    """Declare a dataclass field as an option of this ``kind``, with one sentence of ``doc``."""
    return dataclasses.field(
        default=default, repr=not kind.secret, metadata={"kind": kind, "doc": doc}
    )


def kinds(*policies: type) -> dict[str, Kind]:
    """Return the options of the ``policies`` by name."""
    return {
        field.name: field.metadata["kind"]
        for policy in policies
        for field in dataclasses.fields(policy)
        if "kind" in field.metadata
    }


def read(given: Mapping[str, Any], known: Mapping[str, Kind], owner: str) -> dict[str, Any]:
    """Check every option in ``given`` against the ``known`` ones.

    Raises:
        ConfigurationError: a name is unknown (``owner`` is named, the nearest suggested), or
            a value is wrong.
    """
    _refuse_unknown(given, known, f"{owner} has no option")
    return {name: checked(name, value, known[name], f"{owner}: ") for name, value in given.items()}


def read_text(texts: Mapping[str, str], known: Mapping[str, Kind], where: str) -> dict[str, Any]:
    """Like :func:`read` for values that are text; ``where`` names the file or the section."""
    _refuse_unknown(texts, known, f"{where}: there is no option")
    return {name: parsed(name, text, known[name], f"{where}: ") for name, text in texts.items()}


def read_environment(
    environment: Mapping[str, str], known: Mapping[str, Kind], infix: str = ""
) -> dict[str, Any]:
    """Return the ``known`` options that the environment sets.

    The variable is ``WSGI_APIMETRICS_`` + ``infix`` + the name, in capitals; an empty one
    counts as not set.
    """
    values = {}
    for name, kind in known.items():
        variable = f"{ENV_PREFIX}{infix}{name}".upper()
        text = environment.get(variable, "")
        if text.strip():
            values[name] = parsed(variable, text, kind, "environment variable ")
    return values


def misspelt(environment: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Return the variables that nobody reads, but that look like one of the ``known`` options.

    Others under the prefix are left alone: Kubernetes makes variables of the names of services.

    Returns:
        The right variable by the wrong one.
    """
    names = list(known)
    found = {}
    for variable in environment:
        name = variable.removeprefix(ENV_PREFIX).lower()
        if not variable.startswith(ENV_PREFIX) or name in names:
            continue
        near = [one for one in names if one.endswith(f"_{name}")] or _close(name, names, 0.8)
        if near:
            found[variable] = f"{ENV_PREFIX}{near[0]}".upper()
    return found


def merged(
    shared: Mapping[str, Any], own: Mapping[str, Any], known: Mapping[str, Kind]
) -> dict[str, Any]:
    """Return ``shared`` with ``own`` over it, joined where their kind says how."""
    values = dict(shared)
    for name, value in own.items():
        join = known[name].joined
        if join is None or values.get(name) is None:
            values[name] = value
        elif value is not None:  # a backend can't take back a rule that holds for all
            values[name] = join(values[name], value)
    return values


def build(policy: type[P], values: Mapping[str, Any]) -> P:
    """Make a ``policy`` of those ``values`` that it has a field for."""
    names = {field.name for field in dataclasses.fields(policy)}
    return policy(**{name: value for name, value in values.items() if name in names})


def _refuse_unknown(names: Iterable[str], known: Mapping[str, Kind], text: str) -> None:
    for name in names:
        if name not in known:
            near = _close(name.lower(), known)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"{text} {name!r}{hint}")


def _close(name: str, known: Iterable[str], alike: float = 0.6) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=1, cutoff=alike)
