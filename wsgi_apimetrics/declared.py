"""The middleware from names and values, as an ini file or a framework's settings have them.

One naming for all of them: ``backends`` names the backends, an option of the middleware goes
by its name, one of a backend by ``backend.option`` (``readme.api_key``); with a single backend
its own settings need no prefix (``api_key``). Any name with ``_env`` at its end names the
environment variable that holds the value (``api_key_env = README_KEY``). Text is parsed as in
the environment, anything else is taken as in Python; every mistake says where it stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import options
from .backends.base import SHARED, Backend
from .backends.table import backend_named
from .config import BACKENDS, KNOWN
from .exceptions import ConfigurationError
from .middleware import ApiMetricsMiddleware
from .options import Kind

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Chosen = Sequence[Backend | type[Backend]]
"""Backends as objects, and the classes of those that are only named."""

_VARIABLE = "_env"


def declared(app: WSGIApplication, values: Mapping[str, Any], where: str) -> ApiMetricsMiddleware:
    """Wrap ``app`` as ``values`` say.

    Args:
        app: The app to wrap.
        values: Options by name; see the module's rule.
        where: What holds them, for messages: ``app.ini [filter:metrics]``.

    Raises:
        ConfigurationError: a name is unknown, a value wrong or missing.
    """
    try:
        chosen = _chosen(values.get("backends"))
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    named = {kind.name: kind for kind in chosen if isinstance(kind, type)}
    given = _read(values, _known(named), named, where)
    try:
        shared, own = _divided(given, named)
        backends = [
            one if isinstance(one, Backend) else one(**own.get(one.name, {})) for one in chosen
        ]
        return ApiMetricsMiddleware(app, *backends, **shared)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _chosen(said: Any) -> Chosen:
    """Return the backends that ``said`` names, else the environment, else the local store."""
    if said is None:
        said = options.read_environment(os.environ, {"backends": BACKENDS}).get("backends")
    if isinstance(said, str):
        said = BACKENDS.from_text(said)
    elif isinstance(said, Backend):
        said = [said]
    elif said is not None and not isinstance(said, Iterable):
        raise ConfigurationError(f"backends must be {BACKENDS.accepts}, not {said!r}")
    # A name twice is one backend; objects may be several of a kind.
    each = dict.fromkeys(said or ("local",))
    return [one if isinstance(one, Backend) else backend_named(str(one)) for one in each]


def _known(named: Mapping[str, type[Backend]]) -> dict[str, Kind]:
    """Return every name that means something with these backends."""
    known = {name: kind for name, kind in KNOWN.items() if name != "backends"}
    if len(named) == 1:
        [only] = named.values()
        known = {**options.kinds(only.settings), **known}
    for name, backend in named.items():
        for option, kind in options.kinds(backend.settings, *SHARED).items():
            known[f"{name}.{option}"] = kind
    return known


def _read(
    values: Mapping[str, Any], known: Mapping[str, Kind], named: Iterable[str], where: str
) -> dict[str, Any]:
    texts: dict[str, str] = {}
    objects: dict[str, Any] = {}
    for name, value in values.items():
        option = name.removesuffix(_VARIABLE)
        if name == "backends":
            continue
        if option != name and option in known:
            if option in values:
                raise ConfigurationError(f"{where}: {option} and {name} are both given")
            texts[option] = _variable(name, value, where)
        elif isinstance(value, str):
            texts[name] = value
        else:
            objects[name] = value
        backend, dot, _ = name.rpartition(".")
        if dot and backend not in named:
            raise ConfigurationError(
                f"{where}: {name} is for a backend {backend!r}, which is not among the "
                f"backends named here ({', '.join(named) or 'none'})"
            )
    return {
        **options.read_text(texts, known, where),
        **options.read(objects, known, where),
    }


def _variable(name: str, variable: Any, where: str) -> str:
    """Return what the environment variable holds that an option names."""
    text = os.environ.get(str(variable).strip(), "")
    if not text.strip():
        raise ConfigurationError(
            f"{where}: {name} names an environment variable that is not set: {variable!r}"
        )
    return text


def _divided(
    given: Mapping[str, Any], named: Iterable[str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the middleware's options, and each backend's."""
    shared: dict[str, Any] = {}
    own: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        backend, _, option = name.rpartition(".")
        if not backend and name in KNOWN:
            shared[name] = value
            continue
        [owner] = [backend] if backend else named
        if option in own.setdefault(owner, {}):
            raise ConfigurationError(f"{option} and {owner}.{option} are both given")
        own[owner][option] = value
    return shared, own
