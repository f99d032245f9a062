"""The filter for PasteDeploy: ``gunicorn --paste app.ini`` and ``pserve app.ini``.

::

    [filter:metrics]
    use = egg:wsgi_apimetrics
    backends = readme
    api_key_env = README_API_KEY
    grouping_function = myapp.metrics.who
    denylist = password, token

    [pipeline:main]
    pipeline = metrics myapp

The options are those of the constructor, parsed with the same checks; see
:mod:`wsgi_apimetrics.declared` for their names.

Only ``paste.filter_app_factory`` is published: where a name is in that group and in
``paste.filter_factory``, PasteDeploy takes the other one.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .declared import declared
from .middleware import ApiMetricsMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_NOT_OURS = frozenset({"use", "next", "require", "filter-with", "paste.filter_app_factory"})


def filter_app(
    app: WSGIApplication, global_conf: Mapping[str, str], **local_conf: str
) -> ApiMetricsMiddleware:
    """Wrap ``app`` as the section of the ini file says.

    Args:
        app: The next app of the pipeline.
        global_conf: PasteDeploy's globals: the ``[DEFAULT]`` section, ``here``, ``__file__``.
        local_conf: The section's options.

    Raises:
        ConfigurationError: an option is wrong; the file and the section are named.
    """
    return declared(app, local_conf, _where(global_conf, local_conf))


def _where(global_conf: Mapping[str, str], local_conf: Mapping[str, str]) -> str:
    """Name the file and the section; PasteDeploy tells the file only."""
    file = global_conf.get("__file__")
    if not file:
        return "the Paste filter"
    sections = _sections(file, local_conf)
    return f"{file} {' or '.join(f'[{section}]' for section in sections)}".rstrip()


class _IniFile(configparser.RawConfigParser):
    """An ini file in which, as in PasteDeploy's, names of options keep their capitals."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _sections(file: str, local_conf: Mapping[str, str]) -> list[str]:
    """Return the sections whose options, those they take over by ``use`` included, are these."""
    parser = _IniFile(default_section="DEFAULT", strict=False)
    try:
        with Path(file).open(encoding="utf-8") as opened:
            parser.read_file(opened)
    except (OSError, UnicodeDecodeError, configparser.Error):
        return []
    return [
        section
        for section in parser.sections()
        if section.startswith("filter") and _matches(_options(parser, section), local_conf)
    ]


def _matches(found: Mapping[str, str], local_conf: Mapping[str, str]) -> bool:
    """Whether the options are the same, as far as interpolation lets us compare them."""
    return found.keys() == local_conf.keys() and all(
        "%" in value or value == local_conf[name] for name, value in found.items()
    )


def _options(parser: configparser.RawConfigParser, section: str, depth: int = 10) -> dict[str, str]:
    """Return a section's options over those of the section that it uses."""
    found: dict[str, str] = {}
    used = parser.get(section, "use", fallback="")
    for name in (used, f"filter:{used}"):
        if depth and parser.has_section(name):
            found = _options(parser, name, depth - 1)
    for name, value in parser.items(section):
        kind, _, target = name.partition(" ")
        if kind == "get" and target:
            found[target.strip()] = "%"
        elif kind != "set" and name not in _NOT_OURS and name not in parser.defaults():
            found[name] = value
    return found
