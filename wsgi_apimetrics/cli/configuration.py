"""The configuration as the app would read it: from the app, an ini file, or the environment.

Each backend comes back as its parts (:class:`~wsgi_apimetrics.backends.base.Parts`), with the
rules, the encoder and the transport that the app would use.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from wsgiref.simple_server import demo_app

import click

from .. import options
from ..backends.base import Parts
from ..config import compose
from ..declared import declared
from ..exceptions import ConfigurationError
from ..middleware import ApiMetricsMiddleware, middleware_below

_BACKENDS = f"{options.ENV_PREFIX}BACKENDS"

Command = TypeVar("Command", bound=Callable[..., Any])

_NOT_OURS = frozenset({"use", "next", "require", "filter-with", "paste.filter_app_factory"})


def configuration_options(command: Command) -> Command:
    """Add ``--app``, ``--ini`` and ``--backend``."""
    for option in (
        click.option("--backend", help="Only this backend: readme, local, apitoolkit, otlp."),
        click.option(
            "--ini",
            metavar="FILE[#SECTION]",
            help="The ini file, as PasteDeploy reads it; by default its section that uses us.",
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
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # where servers look for an app, or its functions
    if app or ini:
        middleware = _middleware(app) if app else _of_ini(str(ini))
        parts = tuple(lane.parts for lane in middleware.recorder.lanes)
    else:
        environment = dict(os.environ)
        if backend and not environment.get(_BACKENDS):
            environment[_BACKENDS] = backend
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
    """Import the app as a server would."""
    try:
        found = options.imported(dotted)
    except ValueError as error:
        raise ConfigurationError(f"--app {dotted}: {error}") from None
    if callable(found) and middleware_below(found) is None:
        found = _made_by(found, dotted)
    middleware = middleware_below(found)
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


def _of_ini(given: str) -> ApiMetricsMiddleware:
    """Build the middleware that an ini file's section describes, around nothing."""
    name, _, wanted = given.partition("#")
    parser = configparser.RawConfigParser()
    try:
        with Path(name).open(encoding="utf-8") as file:
            parser.read_file(file)
    except OSError as error:
        raise ConfigurationError(f"{name} can't be read: {error.strerror}") from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} is no ini file: {error}") from None
    section = wanted or next(filter(lambda one: _is_ours(parser, one), parser.sections()), None)
    if section is None or not parser.has_section(section):
        there = ", ".join(parser.sections()) or "none"
        missing = f"section {wanted!r}" if wanted else "section that uses wsgi_apimetrics"
        raise ConfigurationError(f"{name} has no {missing}: there is {there}")
    values = {
        key: text
        for key, text in parser.items(section)
        if key not in _NOT_OURS and key not in parser.defaults()
    }
    return declared(demo_app, values, f"{name} [{section}]")  # any app: it is never called


def _is_ours(parser: configparser.RawConfigParser, section: str) -> bool:
    used = parser.get(section, "use", fallback="").replace("-", "_")
    return "wsgi_apimetrics" in used or section.replace("-", "_") == "wsgi_apimetrics"
