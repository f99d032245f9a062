"""From options to policies: composes what the middleware was given with the environment.

What is said closest to the use wins: a default, then the environment, then the argument; and
for a backend, the middleware's options, then the backend's environment, then its own
arguments. Redaction rules add up at every step of that way. Every mistake is found here, when
the middleware is built, and nothing is started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from . import options
from .backends.base import SHARED, Backend, Parts
from .backends.selection import SelectionPolicy
from .backends.table import OURS, backend_named, every_name
from .capture.policy import CapturePolicy
from .exceptions import ConfigurationError
from .options import STRINGS, Kind, optional

if TYPE_CHECKING:
    from .hosts import AllowedHosts

BACKENDS = Kind("backends, or their names separated by commas", STRINGS.check, STRINGS.from_text)
"""How an ini file or the environment names the backends: ``readme, local``."""

KNOWN = {**options.kinds(CapturePolicy, *SHARED), "backends": optional(BACKENDS)}
"""Every option of the middleware by name."""


class Settings(NamedTuple):
    """A whole configuration, ready to be assembled.

    Attributes:
        capture: What is captured of which requests.
        hosts: Hosts outside of which nothing is captured for any backend.
        parts: Each backend's parts.
        functions: The distinct grouping functions.
    """

    capture: CapturePolicy
    hosts: AllowedHosts | None
    parts: tuple[Parts, ...]
    functions: tuple[Callable[[Any], Any], ...]

    def group_index(self, parts: Parts) -> int | None:
        """Return where a backend's grouping function stands among the ``functions``."""
        if not self.functions:
            return 0  # what the app itself says of the caller holds for every backend
        function = parts.selection.grouping_function
        return None if function is None else self.functions.index(function)


def compose(
    backends: Sequence[Backend], given: Mapping[str, Any], environment: Mapping[str, str]
) -> Settings:
    """Return the settings for these backends and options.

    Args:
        backends: The backends by hand; none means those that the options or the environment
            name, else a local store.
        given: The middleware's keyword arguments.
        environment: ``os.environ``, or what stands for it.

    Raises:
        ConfigurationError: anything is wrong with any of it.
    """
    for backend in backends:
        if not isinstance(backend, Backend):
            came = backend if isinstance(backend, type) else type(backend)
            raise ConfigurationError(
                f"ApiMetricsMiddleware: a backend belongs here, such as ReadMe(api_key=...), "
                f"not {'the class ' * (came is backend)}{came.__name__}"
            )
    for name in given:
        _refuse_a_backends_own(name)
    values = options.read_environment(environment, KNOWN)
    switched_off = values.get("enabled") is False
    own = options.read(given, KNOWN, "ApiMetricsMiddleware")
    values = options.merged(values, own, KNOWN)
    if switched_off:
        values["enabled"] = False
    capture = options.build(CapturePolicy, values)
    shared_names = options.kinds(*SHARED)
    shared = {name: value for name, value in values.items() if name in shared_names}
    chosen = backends or [backend_named(name)() for name in values.get("backends") or ("local",)]
    _refuse_misspelt(environment, chosen)
    parts = _named_apart([_parts(backend, shared, environment) for backend in chosen])
    functions = [part.selection.grouping_function for part in parts]
    return Settings(
        capture=capture,
        hosts=_common_hosts([part.selection for part in parts], capture.trusted_proxies),
        parts=parts,
        functions=tuple(dict.fromkeys(f for f in functions if f is not None)),
    )


def _refuse_a_backends_own(name: str) -> None:
    """Say where an option belongs that only a backend has.

    Raises:
        ConfigurationError: it is one.
    """
    if name in KNOWN:
        return
    owners = [
        found for known in OURS if name in options.kinds((found := backend_named(known)).settings)
    ]
    if owners:
        places = " or ".join(f"{owner.__name__}({name}=...)" for owner in owners)
        raise ConfigurationError(
            f"ApiMetricsMiddleware has no option {name!r}: it is a backend's own: {places}"
        )


def _refuse_misspelt(environment: Mapping[str, str], chosen: Iterable[Backend]) -> None:
    """Find the variables that nobody reads, and that were likely meant for an option.

    Those of backends that are not in use here are no mistake: another middleware may use them.

    Raises:
        ConfigurationError: there is one. A denylist that nobody reads would leak what it names.
    """
    known = [*KNOWN, *(name for backend in chosen for name in backend.variables())]
    misspelt = options.misspelt(environment, known)
    if not misspelt:
        return
    unused = every_name() - {backend.name for backend in chosen}
    theirs = tuple(f"{options.ENV_PREFIX}{name}_".upper() for name in unused)
    for variable, right in misspelt.items():
        if not variable.startswith(theirs):
            raise ConfigurationError(
                f"environment variable {variable} sets no option: did you mean {right}?"
            )


def _parts(backend: Backend, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
    """Return the parts of a backend, with a destination that no other account's backend has."""
    parts = backend.parts(shared, environment)
    if parts.destination:
        return parts
    return replace(parts, destination=backend.destination(shared, environment))


def _named_apart(parts: Sequence[Parts]) -> tuple[Parts, ...]:
    """Number the backends of one kind, so that each has statistics of its own."""
    names: list[str] = []
    named = []
    for part in parts:
        count = names.count(part.name) + 1
        names.append(part.name)
        named.append(part if count == 1 else replace(part, name=f"{part.name}-{count}"))
    return tuple(named)


def _common_hosts(
    selections: Sequence[SelectionPolicy], trusted_proxies: int
) -> AllowedHosts | None:
    """Hosts outside of which no backend wants anything; ``None`` if one wants all."""
    lists = [selection.allowed_http_hosts for selection in selections]
    if None in lists:
        return None
    from .hosts import AllowedHosts

    return AllowedHosts([host for hosts in lists for host in hosts or ()], trusted_proxies)
