"""``redact``: rules against a HAR file or one body: before and after, rule by rule."""

from __future__ import annotations

import dataclasses
import difflib
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from .. import jsonline, options
from ..exchange import Body, Exchange, RedactedExchange, Request, Response
from ..jsonline import StoredExchange
from ..redaction.policy import RedactionPolicy
from ..redaction.redactor import Redactor
from ..redaction.stored import remembered
from ..redaction.vocabulary import APITOOLKIT, README
from .choices import json_option
from .har_file import read
from .pretty import indented
from .terminal import console, shown, visible

Command = TypeVar("Command", bound=Callable[..., Any])

_MOST_LINES = 400


def _rules(command: Command) -> Command:
    """Add an option for each of redaction's."""
    for field in reversed(dataclasses.fields(RedactionPolicy)):
        flag = field.default is False
        several = not flag and "function" not in field.metadata["kind"].accepts
        command = click.option(
            f"--{field.name.replace('_', '-')}",
            is_flag=flag,
            multiple=several,
            help=field.metadata["doc"],
        )(command)
    return command


@click.command("redact", short_help="Try redaction rules: before and after.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@_rules
@click.option("--request/--response", "is_request", default=True, help="Whose body stdin is.")
@click.option("--content-type", default="application/json", show_default=True, help="Of stdin.")
@click.option(
    "--vocabulary",
    type=click.Choice(["readme", "apitoolkit"]),
    default="readme",
    show_default=True,
    help="Whose words mark what was taken out.",
)
@json_option
def redact_command(
    file: str, is_request: bool, content_type: str, vocabulary: str, as_json: bool, **given: Any
) -> None:
    """Try redaction rules on a HAR FILE, or on one body on stdin (-).

    Shows what each rule takes out, and the difference that it makes: the lines in red are what
    would have left without it.
    """
    rules = {name: value for name, value in given.items() if value not in ((), None, False)}
    kinds = options.kinds(RedactionPolicy)
    policy = options.build(RedactionPolicy, options.read(rules, kinds, "redact"))
    redact = Redactor(policy, README if vocabulary == "readme" else APITOOLKIT).redact
    exchanges = [_of_body(is_request, content_type)] if file == "-" else read(Path(file))
    results = [(stored.exchange, redact(remembered(stored))) for stored in exchanges]
    if as_json:
        for _, after in results:
            click.echo(jsonline.dumps(after, after.redactions))
        return
    out = console()
    _print_rules(out, [after for _, after in results], rules)
    for before, after in results:
        _print_difference(out, before, after)


def _of_body(is_request: bool, content_type: str) -> StoredExchange:
    content = sys.stdin.buffer.read()
    body = Body(content, len(content), len(content), content_type)
    request = Request("POST", "https", "example.com", "/", body=body if is_request else Body())
    response = Response(200, body=Body() if is_request else body)
    return StoredExchange(Exchange(str(uuid.uuid4()), 0.0, request, response))


def _print_rules(out: Console, results: list[RedactedExchange], rules: dict[str, Any]) -> None:
    places: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        for one in result.redactions:
            places[one.rule][one.place + (f" ({one.reason})" if one.reason else "")] += 1
    for rule, found in places.items():
        out.print(
            Text.assemble((visible(rule), "bold magenta"), f"  took out {sum(found.values())}")
        )
        for place, times in found.most_common(20):
            repeated = f", {times} times" if times > 1 else ""
            out.print(shown(f"    {place}{repeated}"), soft_wrap=True)
        if len(found) > 20:
            out.print(f"    … and {len(found) - 20} more", style="dim")
    if not places:
        out.print("nothing was taken out", style="yellow")
    idle = [
        rule
        for value in rules.values()
        if isinstance(value, tuple)
        for rule in value
        if not any(rule.lower() in used.lower() for used in places)
    ]
    for rule in idle:
        out.print(Text.assemble((visible(rule), "bold yellow"), "  matched nothing"))


def _print_difference(out: Console, before: Exchange, after: RedactedExchange) -> None:
    lines = list(difflib.unified_diff(list(_lines(before)), list(_lines(after)), lineterm="", n=1))
    if not lines:
        return
    out.print()
    out.print(shown(f"{before.request.method} {before.request.url}", "bold"), soft_wrap=True)
    for line in lines[2:_MOST_LINES]:
        style = {"-": "red", "+": "green", "@": "dim"}.get(line[:1], "")
        out.print(shown(line, style), soft_wrap=True)
    if len(lines) > _MOST_LINES:
        out.print(f"… and {len(lines) - _MOST_LINES} more lines", style="dim")


def _lines(exchange: Exchange) -> Iterator[str]:
    """Yield an exchange as lines that a difference can be made of."""
    request, response = exchange.request, exchange.response
    yield f"{request.method} {request.url}"
    yield from (f"{name}: {value}" for name, value in request.headers)
    yield from _body_lines(request.body)
    yield f"{response.status_code} {response.status_text}"
    yield from (f"{name}: {value}" for name, value in response.headers)
    yield from _body_lines(response.body)


def _body_lines(body: Body) -> Iterator[str]:
    if body.content is None:
        yield f"(left out: {body.omitted})"
        return
    yield from indented(body.content.decode("utf-8", "replace")).splitlines()
