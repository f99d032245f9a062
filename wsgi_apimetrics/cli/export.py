"""``export``: exchanges of the store for other tools."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import click

from .. import jsonline
from .._version import __version__
from ..encoding.har import entry
from ..redaction.policy import RedactionPolicy
from ..redaction.vocabulary import README
from ..store import Filter, Store, Summary
from ..store.slots import percentile, slot_of
from .choices import chosen, filter_options, opened, store_option
from .passing import redacted_again
from .terminal import console, shown

_CONVERTERS = frozenset({"int", "float", "path", "uuid", "string", "str", "any", "slug", "re"})


@click.command("export", short_help="HAR, JSON lines, or a CSV of routes.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["har", "jsonl", "routes"]),
    default="har",
    show_default=True,
    help="HAR 1.2, lossless JSON lines, or a CSV of routes as OpenAPI writes them.",
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="A file (0600) instead of stdout."
)
@filter_options
@store_option
def export_command(
    format_: str, output: Path | None, store_path: Path | None, **given: Any
) -> None:
    """Write exchanges to a file, or to stdout, for other tools."""
    wanted = chosen(given)
    with opened(store_path) as store, _writing(output) as file:
        count = {"har": _har, "jsonl": _lines, "routes": _routes}[format_](store, wanted, file)
    if output is not None:
        what = "routes" if format_ == "routes" else "exchanges"
        said = shown(f"{count:,} {what} written to {output}")
        console(stderr=True).print(said, soft_wrap=True)


@contextmanager
def _writing(output: Path | None) -> Iterator[IO[bytes]]:
    """Yield where to write; a file is private, for what is in it was in a private store."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file


def _lines(store: Store, wanted: Filter, file: IO[bytes]) -> int:
    count = 0
    for count, line in enumerate(store.lines(wanted), start=1):  # noqa: B007 - the last is the count
        file.write(line + b"\n")
    return count


def _har(store: Store, wanted: Filter, file: IO[bytes]) -> int:
    """Write entry by entry, so that a large store needs no memory."""
    again = redacted_again(RedactionPolicy(), README)
    creator = {"name": "wsgi-apimetrics", "version": __version__}
    head = json.dumps({"version": "1.2", "creator": creator})[:-1]
    file.write(f'{{"log": {head}, "entries": ['.encode())
    count = 0
    for line in store.lines(wanted):
        stored = jsonline.loads(line)
        plain = entry(again(stored))
        plain.pop("pageref", None)  # HAR wants a page of that name, and there are no pages
        plain["_id"] = stored.exchange.id
        if stored.exchange.group is not None:
            plain["_group"] = asdict(stored.exchange.group)
        if stored.redactions:
            plain["_redactions"] = [redaction._asdict() for redaction in stored.redactions]
        file.write((b",\n" if count else b"\n") + json.dumps(plain).encode())
        count += 1
    file.write(b"\n]}}\n")
    return count


def _routes(store: Store, wanted: Filter, file: IO[bytes]) -> int:
    found: dict[tuple[str, str], list[Summary]] = defaultdict(list)
    for one in _summaries(store, wanted):
        found[openapi_path(one.endpoint), one.method.lower()].append(one)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(
        ("path", "method", "count", "statuses", "request_types", "response_types", "p95_seconds")
    )
    for (path, method), several in sorted(found.items()):
        slots = sorted(Counter(slot_of(one.duration) for one in several).items())
        p95 = percentile(slots, 0.95) or 0.0
        table.writerow(
            (
                _plain_cell(path),
                _plain_cell(method),
                len(several),
                _distinct(str(one.status) for one in several),
                _distinct(one.request_type for one in several),
                _distinct(one.response_type for one in several),
                f"{p95:.4f}",
            )
        )
    file.write(text.getvalue().encode())
    return len(found)


def _summaries(store: Store, wanted: Filter) -> Iterator[Summary]:
    cursor = None
    while True:
        page = store.page(wanted, cursor, size=500)
        yield from page.summaries
        cursor = page.next_cursor
        if cursor is None:
            return


def openapi_path(route: str) -> str:
    """Return a framework's route as OpenAPI writes it.

    >>> openapi_path("/users/<int:id>/<name>"), openapi_path("/files/<path:re:.*>")
    ('/users/{id}/{name}', '/files/{path}')
    """
    return re.sub(r"<([^<>]+)>", lambda found: "{" + _parameter(found[1]) + "}", route)


def _parameter(inside: str) -> str:
    """Flask and Django write ``converter:name``, Bottle ``name:filter``."""
    first, _, rest = inside.partition(":")
    converter = first.partition("(")[0]
    if rest and converter in _CONVERTERS and ":" not in rest:
        return rest
    return first


def _distinct(words: Iterator[str]) -> str:
    return _plain_cell(" ".join(sorted({word for word in words if word})))


def _plain_cell(text: str) -> str:
    """A cell that begins so would be a formula in a spreadsheet."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
