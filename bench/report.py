"""The documentation's share of a run: tables, bars and plots under docs/explanation/costs/."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from .plots import svg
from .processes import ROOT
from .results import Bar, Plot, Table

DIRECTORY = ROOT / "docs" / "explanation" / "costs"


def machine():
    """Return what the figures were measured on."""
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (info.read_text().splitlines() if info.exists() else ())
        if line.startswith("model name")
    ]
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({names[0] if names else platform.machine()}), "
        f"{platform.system()} {platform.release()}, CPython {platform.python_version()}, "
        f"{load:.1f} processes running on average when the run began"
    )


def write(found, ran_on, directory=DIRECTORY):
    """Write what was found: ``bars.inc``, one ``.inc`` for each table, one SVG for each plot."""
    directory.mkdir(parents=True, exist_ok=True)
    for one in found:
        if isinstance(one, Table):
            (directory / f"{one.name}.inc").write_text(_csv(one.heads, one.rows))
        elif isinstance(one, Plot):
            (directory / f"{one.name}.svg").write_text(svg(one))
    bars = [_row(one) for one in found if isinstance(one, Bar)]
    heads = ("What", "ours", "held against", "ratio", "bar", "holds")
    (directory / "bars.inc").write_text(_csv(heads, bars))
    (directory / "machine.inc").write_text(f"{ran_on}.\n")


def _row(bar):
    sign = ">=" if bar.at_least else "<="
    unit = f" {bar.unit}" if bar.unit else ""
    return (
        bar.name, f"{bar.value:,.2f}{unit}", f"{bar.base:,.2f}{unit}", f"{bar.ratio:.2f}",
        f"{sign} {bar.limit:g}", "yes" if bar.holds() else "**no**",
    )  # fmt: skip


def _csv(heads, rows):
    lines = [".. csv-table::", "   :header: " + _line(heads), ""]
    return "\n".join([*lines, *("   " + _line(row) for row in rows), ""])


def _line(cells):
    return ", ".join(f'"{cell or " "}"' for cell in cells)
