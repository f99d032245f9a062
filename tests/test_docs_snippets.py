"""Every Python block of the README and the documentation runs, page by page, in order.

The blocks of a page share one namespace, as a reader's session would. Two comments, which
neither Sphinx nor a repository page shows, say what a block alone cannot::

    .. run:

        code that prepares what the next block needs, or asserts what the last one did

    .. no-run: a reason why the next block can't be run

The second belongs right before a ``.. code-block:: python``, and its reason is shown by pytest.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for page in sorted([*ROOT.glob("*.rst"), *ROOT.glob("docs/**/*.rst")])
    if "_build" not in page.parts
]

_MARK = re.compile(
    r"^(?P<indent> *)\.\. (?:(?P<run>code-block:: python|run:)|no-run:(?P<reason>.*))\s*$"
)


@dataclass(frozen=True)
class Block:
    """Some code of a page, and the number of the line before it."""

    code: str
    line: int
    reason: str | None = None


def blocks_of(text: str) -> Iterator[Block]:
    """Find the blocks of a page that are to be run, or were marked as not to be."""
    lines = text.splitlines()
    reason = None
    for number, line in enumerate(lines, 1):
        mark = _MARK.match(line)
        if mark is None:
            if line.strip():
                assert reason is None or line.startswith(" "), (
                    f"line {number}: no-run marks no block"
                )
            continue
        if mark["run"] is None:
            reason = mark["reason"].strip()
            assert reason, f"line {number}: no-run needs a reason"
            continue
        start, code = _indented(lines, number, len(mark["indent"]))
        yield Block(code, start, reason)
        reason = None


def _indented(lines: list[str], start: int, indent: int) -> tuple[int, str]:
    """Return the code under a directive, without the directive's own options."""
    while start < len(lines) and re.match(r" +:[a-z-]+:", lines[start]):
        start += 1
    end = start
    while end < len(lines) and (
        not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent
    ):
        end += 1
    return start, textwrap.dedent("\n".join(lines[start:end])) + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who types it in gets what the page says, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.reason is None:
            padded = "\n" * block.line + block.code  # so that a traceback names the page's line
            exec(compile(padded, page, "exec"), namespace)


def test_blocks_are_found_with_their_lines_and_reasons() -> None:
    """Options are skipped, hidden code counts, a reason belongs to the next block only."""
    page = """\
Title

.. code-block:: python
   :caption: app.py

   x = 1

   y = 2

.. code-block:: sh

   make

.. no-run: needs an account

.. code-block:: python

   z = 3

.. run:

    assert x
"""
    assert list(blocks_of(page)) == [
        Block("\nx = 1\n\ny = 2\n\n", 4),
        Block("\nz = 3\n\n", 16, "needs an account"),
        Block("\nassert x\n", 20),
    ]


def test_a_reason_without_a_block_is_a_mistake() -> None:
    """A mark left behind by an edit is found."""
    with pytest.raises(AssertionError, match="marks no block"):
        list(blocks_of(".. no-run: gone\n\nText\n"))
