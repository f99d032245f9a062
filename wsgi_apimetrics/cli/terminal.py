"""The terminal: what strangers wrote is made harmless before it is shown.

A captured header may hold escape sequences that move the cursor, rename the window or hide
text; a path may hold bidirectional overrides. Each such character is shown as its escape.
``NO_COLOR`` is honoured, and so is a pipe: no colours, no cutting of lines.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import unicodedata
from datetime import datetime, timezone

from rich.console import Console
from rich.text import Text

_HARMLESS = frozenset("\n\t")


def console(*, stderr: bool = False) -> Console:
    """Return a console for what a person reads."""
    stream = sys.stderr if stderr else sys.stdout
    # Rich would assume 80 columns for a pipe and cut what a script wants to have whole.
    width = None if stream.isatty() or "COLUMNS" in os.environ else 120
    return Console(file=stream, highlight=False, markup=True, emoji=False, width=width)


def visible(text: str, *, one_line: bool = False) -> str:
    r"""Return ``text`` with every character that acts on a terminal made visible.

    >>> visible("a\x1b[2Jb\u202ec")
    'a\\x1b[2Jb\\u202ec'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if _is_harmless(character, one_line) else _escaped(character)
        for character in text
    )


def shown(text: str, style: str = "", *, one_line: bool = True) -> Text:
    """Return a stranger's ``text`` for rich: harmless, and never read as markup."""
    return Text(visible(text, one_line=one_line), style=style, overflow="ellipsis")


def seconds(duration: float) -> str:
    """Return a duration as a person says it.

    >>> seconds(0.00042), seconds(0.0421), seconds(3.14159)
    ('0.4 ms', '42 ms', '3.14 s')
    """
    if duration < 0.01:
        return f"{duration * 1000:.1f} ms"
    return f"{duration * 1000:.0f} ms" if duration < 1 else f"{duration:.2f} s"


def size(count: float | None) -> str:
    """Return a number of bytes as a person says it.

    >>> size(None), size(0), size(999), size(48_211)
    ('?', '0 B', '999 B', '48 kB')
    """
    if count is None:
        return "?"
    units = ["B", "kB", "MB", "GB"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        del units[0]
    digits = 1 if units[0] != "B" and count < 10 else 0
    return f"{count:.{digits}f} {units[0]}"


def clock(when: float) -> str:
    """Return a Unix time as the local time of day, with the date unless that is today."""
    moment = datetime.fromtimestamp(when, timezone.utc).astimezone()
    text = moment.strftime("%H:%M:%S")
    today = time.strftime("%Y-%m-%d")
    return text if moment.strftime("%Y-%m-%d") == today else moment.strftime("%Y-%m-%d %H:%M:%S")


def status_style(status: int) -> str:
    """Return the colour of a status."""
    return {2: "green", 3: "cyan", 4: "yellow", 5: "bold red"}.get(status // 100, "magenta")


def program() -> str:
    """Return how this program is called here, for commands that are shown to be typed."""
    beside = os.path.join(os.path.dirname(sys.executable), "wsgi-apimetrics")  # noqa: PTH118, PTH120
    found = shutil.which("wsgi-apimetrics")
    if found and os.path.exists(beside) and os.path.samefile(found, beside):  # noqa: PTH110, PTH121
        return "wsgi-apimetrics"
    path = beside if os.path.exists(beside) else sys.executable  # noqa: PTH110
    near = os.path.relpath(path)
    path = path if near.startswith("..") else near
    return path if path.endswith("wsgi-apimetrics") else f"{path} -m wsgi_apimetrics"


def _is_harmless(character: str, one_line: bool) -> bool:
    if character in _HARMLESS:
        return not one_line
    # Cc: control characters; Cf: bidirectional overrides and invisible ones; Cs: surrogates.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
