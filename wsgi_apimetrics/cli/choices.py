"""Options that several commands share: which store, which exchanges, which format."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..exceptions import StoreError
from ..store import Filter, Store, default_path
from ..store.upgrading import bring_up_to_date, is_older
from .terminal import visible

Command = TypeVar("Command", bound=Callable[..., Any])

if TYPE_CHECKING:
    from typing_extensions import Self

    _Type = click.ParamType[Any]
else:  # only newer versions of click can tell what it converts to
    _Type = click.ParamType

PATH_VARIABLE = "WSGI_APIMETRICS_LOCAL_PATH"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Moment(float):
    """A Unix time that is shown as it was typed: ``2d`` is the same question on every day."""

    def __new__(cls, seconds: float, typed: str) -> Self:
        """Keep what was typed beside the time."""
        moment = super().__new__(cls, seconds)
        moment.typed = typed
        return moment

    typed: str

    def __repr__(self) -> str:
        return self.typed


class When(_Type):
    """A moment: so long ago (``15m``, ``2h``, ``7d``), or a date and time of ISO 8601."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a Unix time in seconds."""
        typed = str(value).strip()
        ago = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", typed.lower())
        if ago:
            return Moment(time.time() - float(ago[1]) * _UNITS[ago[2]], typed)
        try:
            return Moment(datetime.fromisoformat(typed.replace("Z", "+00:00")).timestamp(), typed)
        except ValueError:
            self.fail(
                f"{value!r} is no time: so long ago (15m, 2h, 7d) or 2026-11-21T13:00", param, ctx
            )


class Codes(_Type):
    """Statuses: ``404``, ``5xx``, ``404,5xx``."""

    name = "status"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the codes and the classes."""
        codes, classes = [], []
        for word in str(value).lower().split(","):
            if re.fullmatch(r"\s*[0-9]xx\s*", word):
                classes.append(int(word.strip()[0]))
            elif re.fullmatch(r"\s*[0-9]{1,3}\s*", word):
                codes.append(int(word))
            else:
                self.fail(f"{word!r} is no status: 404 or 5xx", param, ctx)
        return tuple(codes), tuple(classes)


def store_option(command: Command) -> Command:
    """Add ``--store``."""
    return click.option(
        "--store",
        "store_path",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar=PATH_VARIABLE,
        help="The store's file; by default the one in your state directory.",
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for a script.")(
        command
    )


_SIZE = click.IntRange(0, 10**15)
_FILTERS = (
    click.option("--search", "-s", default="", help="Words in paths, headers or bodies."),
    click.option("--since", type=When(), help="From this time on: 15m, 2h, 2026-11-21T13:00."),
    click.option("--until", type=When(), help="Before this time."),
    click.option("--status", type=Codes(), help="404, 5xx, or several: 404,5xx."),
    click.option("--method", multiple=True, help="GET, POST ...; may be repeated."),
    click.option("--path", help="A path; with a * at its end, its beginning."),
    click.option("--query", help="A part of the query string, as it was sent."),
    click.option("--route", "endpoint", multiple=True, help="A route, as /users/<id>."),
    click.option("--scheme", type=click.Choice(["http", "https"]), help="The URL's scheme."),
    click.option("--host", multiple=True, help="A host, with its port."),
    click.option("--caller", multiple=True, help="A caller's key or its masked form."),
    click.option("--kind", type=click.Choice(["server", "client"]), help="Answered or made."),
    click.option("--slower", type=float, help="Took at least so many seconds."),
    click.option("--faster", type=float, help="Took at most so many seconds."),
    click.option("--larger", type=_SIZE, help="Answered at least so many bytes."),
    click.option("--smaller", type=_SIZE, help="Answered at most so many bytes."),
    click.option("--sent-larger", type=_SIZE, help="Was sent at least so many bytes."),
    click.option("--sent-smaller", type=_SIZE, help="Was sent at most so many bytes."),
    click.option("--request-type", help="The request's media type, as application/json."),
    click.option("--response-type", help="The response's media type."),
    click.option(
        "--redacted/--unredacted", default=None, help="Something was taken out, or nothing."
    ),
    click.option("--errors", is_flag=True, help="With a recorded error."),
    click.option("--tag", help="With this tag."),
)


def filter_options(command: Command) -> Command:
    """Add the options that :func:`chosen` makes a filter of."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def chosen(given: dict[str, Any]) -> Filter:
    """Take what :func:`filter_options` added out of ``given``, and return the filter."""
    status = given.pop("status") or ((), ())
    given["method"] = tuple(method.upper() for method in given.pop("method"))
    callers = given.pop("caller")
    # A status may be one of the codes or in one of the classes: classes are spelt out then.
    codes, classes = status
    if codes and classes:
        codes = (
            *codes,
            *(code for first in classes for code in range(first * 100, first * 100 + 100)),
        )
        classes = ()
    return Filter(
        search=given.pop("search"),
        since=given.pop("since"),
        until=given.pop("until"),
        kind=given.pop("kind"),
        method=given.pop("method"),
        status=codes,
        status_class=classes,
        scheme=given.pop("scheme"),
        host=given.pop("host"),
        path=given.pop("path"),
        query=given.pop("query"),
        endpoint=given.pop("endpoint"),
        caller=tuple(form for caller in callers for form in caller_forms(caller)),
        request_type=_lower(given.pop("request_type")),
        response_type=_lower(given.pop("response_type")),
        with_error=True if given.pop("errors") else None,
        redacted=given.pop("redacted"),
        tag=given.pop("tag"),
        min_duration=given.pop("slower"),
        max_duration=given.pop("faster"),
        min_request_size=given.pop("sent_larger"),
        max_request_size=given.pop("sent_smaller"),
        min_response_size=given.pop("larger"),
        max_response_size=given.pop("smaller"),
    )


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def caller_forms(caller: str) -> tuple[str, ...]:
    """Return what a caller's key may be in a store: masked, or as it was given."""
    from ..redaction.mask import mask

    return (caller,) if caller.startswith("sha512-") else (mask(caller), caller)


def path_of(store_path: Path | None) -> Path:
    """Return the store's path: what was asked for, else the default."""
    return store_path.expanduser() if store_path is not None else default_path(os.environ)


def opened(store_path: Path | None) -> Store:
    """Open the store for reading; bring one of an older version up to date.

    Raises:
        StoreError: there is none, or it can't be read.
    """
    return Store(up_to_date(path_of(store_path)))


def up_to_date(path: Path) -> Path:
    """Bring the store at ``path`` up to date, if it is of an older version, and return ``path``.

    Raises:
        StoreError: it may not be written.
    """
    if is_older(path):
        click.echo(f"Bringing {visible(str(path))} up to date, which may take a minute.", err=True)
        bring_up_to_date(path)
    return path


def line_of(store: Store, typed: str) -> bytes:
    """Return the line of the one exchange whose id begins as ``typed``.

    Raises:
        StoreError: none does, or several do.
    """
    wanted = typed.strip().lower()
    found = store.starting_with(wanted, 5) if wanted else ()
    ids = (wanted,) if wanted in found else found
    if len(ids) > 1:
        raise StoreError(f"several exchanges begin with {typed!r}: {', '.join(ids)}")
    line = store.line(ids[0]) if ids else None
    if line is None:
        raise StoreError(f"no exchange {typed!r} in {store.path}")
    return line
