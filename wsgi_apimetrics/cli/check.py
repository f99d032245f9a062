"""``check``: the configuration as the app would read it, and whether each backend answers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import click

from ..backends.base import Parts
from ..payload import Outcome
from .choices import json_option
from .configuration import configuration_options, configured, origin
from .terminal import console, shown

_MENDS = {
    401: "the key is refused: is it the right one, for this server?",
    403: "the key is refused: may it write?",
    404: "nothing answers at this address: is the server's URL right?",
    407: "the proxy wants credentials",
}
_NOT_EMPTY = frozenset({400, 422})
"""What a backend that is well says to an empty payload, where it does not just take it."""


@dataclass(frozen=True)
class Finding:
    """What was found of one backend; ``mend`` says what to do where it is not ``ok``."""

    backend: str
    ok: bool
    answer: str
    mend: str = ""


@click.command("check", short_help="Is the configuration right, and do backends answer?")
@click.option("--no-network", is_flag=True, help="Only read the configuration; reach nothing.")
@configuration_options
@json_option
def check_command(
    no_network: bool, app: str | None, ini: str | None, backend: str | None, as_json: bool
) -> None:
    """Read the configuration as the app would, and reach each backend with it.

    Each backend is sent an empty payload: nothing is recorded by it. Exit code 1 says that
    something is wrong.
    """
    every = configured(app, ini, backend)
    findings = [
        Finding(parts.name, ok=True, answer="not asked") if no_network else _asked(parts)
        for parts in every
    ]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        out = console()
        out.print(shown(f"configuration: {origin(app, ini)}"), soft_wrap=True)
        for finding in findings:
            sign, style = ("✓", "green") if finding.ok else ("✗", "bold red")
            out.print(f"[{style}]{sign} {finding.backend}[/{style}]", end="  ")
            out.print(shown(finding.answer), soft_wrap=True)
            if finding.mend:
                out.print(shown(f"  {finding.mend}", "yellow"), soft_wrap=True)
    if not all(finding.ok for finding in findings):
        sys.exit(1)


def _asked(parts: Parts) -> Finding:
    transport = parts.open_transport()
    try:
        outcome = transport.send(parts.encoder.pack([]))
    finally:
        transport.close()
    status = outcome.status_code
    if outcome.accepted or status in _NOT_EMPTY:
        return Finding(parts.name, ok=True, answer=f"answers ({status})")
    return Finding(parts.name, ok=False, answer=_answer(outcome), mend=_mend(outcome))


def _answer(outcome: Outcome) -> str:
    said = "no answer" if outcome.status_code is None else f"answers {outcome.status_code}"
    return f"{said}: {outcome.error}" if outcome.error else said


def _mend(outcome: Outcome) -> str:
    status = outcome.status_code
    if outcome.mend:
        return outcome.mend
    if status is None:
        return "is the server's URL right, and may this machine reach it (proxy, firewall)?"
    if status >= 500:
        return "the server has trouble: try again later"
    return _MENDS.get(status, "")
