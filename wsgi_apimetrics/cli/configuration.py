"""The configuration as the app would read it: from the app itself, an ini file, or the environment.

Each backend comes back as its parts (:class:`~wsgi_apimetrics.backends.base.Parts`), with the rules,
the encoder and the transport that the app would use.
"""

from __future__ import annotations

import configparser
import difflib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from .. import options
from ..backends.base import SHARED, Parts
from ..backends.table import OURS, backend_named
from ..config import KNOWN, compose
from ..exceptions import ConfigurationError
from ..middleware import ApiMetricsMiddleware

Command = TypeVar("Command", bound=Callable[..., Any])

SECTIONS = ("wsgi-apimetrics", "wsgi_apimetrics", "filter:wsgi-apimetrics", "filter:apimetrics")
"""The sections that are looked for in an ini file that names none."""

_NOT_OURS = frozenset({"use", "paste.filter_factory", "paste.filter_app_factory", "next", "here"})


def configuration_options(command: Command) -> Command:
    """Add ``--app``, ``--ini`` and ``--backend``."""
    for option in (
        click.option("--backend", help="Only this backend: readme, local, apitoolkit, otlp."),
        click.option(
            "--ini",
            metavar="FILE[#SECTION]",
            help=f"The options in an ini file; sections looked for: {', '.join(SECTIONS[::2])}.",
        ),
        click.option(
            "--app",
            metavar="MODULE:OBJECT",
            help="The wrapped app, or a function that makes it: its own options hold.",
        ),
    ):
        command = option(command)
    return command


def configured(app: str | None, ini: str | None, backend: str | None) -> tuple[Parts, ...]:
    """Return the parts of each backend that is configured.

    Raises:
        ConfigurationError: something is wrong with the configuration, or nothing is of the
            name ``backend``.
    """
    if app and ini:
        raise click.UsageError("--app and --ini can't be given together: which one holds?")
    if app:
        parts = tuple(lane.parts for lane in _middleware(app).recorder.lanes)
    else:
        environment = {**os.environ, **(_from_ini(ini) if ini else {})}
        if backend and not environment.get(_variable("backends")):
            environment[_variable("backends")] = backend
        parts = compose([], {}, environment).parts
    chosen = tuple(part for part in parts if backend is None or part.name.startswith(backend))
    if not chosen:
        known = ", ".join(part.name for part in parts) or "none"
        raise ConfigurationError(f"no backend {backend!r} is configured: there is {known}")
    return chosen


def origin(app: str | None, ini: str | None) -> str:
    """Return where the configuration comes from, for a person."""
    return f"the app {app}" if app else f"{ini}" if ini else "the environment"


def _middleware(dotted: str) -> ApiMetricsMiddleware:
    """Import the app as a server would, from the working directory too."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = options.imported(dotted)
    except ValueError as error:
        raise ConfigurationError(f"--app {dotted}: {error}") from None
    if callable(found) and not isinstance(found, ApiMetricsMiddleware) and _below(found) is None:
        found = _made_by(found, dotted)
    middleware = _below(found)
    if middleware is None:
        raise ConfigurationError(f"--app {dotted}: no ApiMetricsMiddleware is around it")
    return middleware


def _made_by(factory: Callable[..., Any], dotted: str) -> Any:
    """Call what looks like a function that makes the app, as ``create_app()``."""
    try:
        return factory()
    except TypeError:
        return factory
    except Exception as error:
        raise ConfigurationError(f"--app {dotted}: {type(error).__name__}: {error}") from None


def _below(app: Any) -> ApiMetricsMiddleware | None:
    """Return the middleware at or below ``app``, as other middleware keeps its app."""
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        if isinstance(app, ApiMetricsMiddleware):
            return app
        seen.add(id(app))
        app = getattr(app, "wsgi_app", None) or getattr(app, "app", None)
    return None


def _from_ini(given: str) -> Mapping[str, str]:
    """Return an ini file's section as the environment variables that would say the same."""
    name, _, wanted = given.partition("#")
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with Path(name).open(encoding="utf-8") as file:
            parser.read_file(file)
    except OSError as error:
        raise ConfigurationError(f"{name} can't be read: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} is no ini file: {error}") from None
    candidates = (wanted,) if wanted else SECTIONS
    section = next((one for one in candidates if parser.has_section(one)), None)
    if section is None:
        there = ", ".join(parser.sections()) or "none"
        raise ConfigurationError(f"{name} has no section {' or '.join(candidates)}: there is {there}")
    values = {key: text for key, text in parser[section].items() if key not in _NOT_OURS}
    _check_names(values, f"{name} [{section}]")
    return {_variable(key): text for key, text in values.items()}


def _check_names(values: Mapping[str, str], where: str) -> None:
    known = {*KNOWN}
    for name in OURS:
        try:
            own = options.kinds(backend_named(name).settings, *SHARED)
        except ImportError:
            continue
        known |= {f"{name}_{option}" for option in own}
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"{where}: there is no option {key!r}{hint}")


def _variable(option: str) -> str:
    return f"{options.ENV_PREFIX}{option}".upper()
