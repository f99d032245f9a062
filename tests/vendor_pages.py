"""The programs on the vendors' own pages, where a copy of those is at hand, beside the project."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

_PAGES = Path(__file__).parents[1].resolve().parent / "shared" / "seeds"

at_hand = pytest.mark.skipif(not _PAGES.exists(), reason="the vendors' pages are not at hand")


def text_of(name):
    """Return the text of a page."""
    return (_PAGES / name).read_text(encoding="utf-8")


def code_blocks(text, beginning):
    """Return what is Python in a page of prose: the longest runs of lines that parse.

    Each begins with a line that the pattern ``beginning`` matches.
    """
    lines, blocks, at = text.splitlines(), [], 0
    while at < len(lines):
        end = re.match(beginning, lines[at]) and _end_of_code(lines, at)
        if end:
            blocks.append("\n".join(lines[at:end]))
        at = end or at + 1
    return blocks


def _end_of_code(lines, at):
    for end in range(len(lines), at, -1):
        try:
            tree = ast.parse("\n".join(lines[at:end]))
        except SyntaxError:
            continue
        words = [node for node in tree.body if isinstance(node, ast.Expr)]
        prose = [node for node in words if isinstance(node.value, ast.Name)]
        return at + prose[0].lineno - 1 if prose else end
    return 0
