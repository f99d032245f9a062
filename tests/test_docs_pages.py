"""What the documentation says of the tests is so: every test and every app that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from zoo.apps import ZOO

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page for page in ROOT.glob("docs/**/*.rst") if "_build" not in page.relative_to(ROOT).parts
)
TESTS = re.compile(r"``(tests/[\w/]+\.py)(?:::(\w+))?``")


def text_of(page: Path) -> str:
    """The page, in one line."""
    return " ".join(page.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_tests_that_exist(page: Path) -> None:
    """A renamed test takes its mention along."""
    for path, name in TESTS.findall(text_of(page)):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert not name or name in functions, f"{path}::{name}"


def test_the_clauses_name_apps_of_the_zoo() -> None:
    """Each ``zoo:`` list names species that there are, and there are many."""
    text = text_of(ROOT / "docs/explanation/pep-3333.rst")
    named = [
        name
        for listed in re.findall(r"zoo: ((?:``[\w-]+``(?:, )?)+)", text)
        for name in re.findall("``([^`]+)``", listed)
    ]
    assert len(named) > 30
    assert [name for name in named if name not in ZOO] == []


def test_the_clauses_name_tests() -> None:
    """The page is of use only while it shows."""
    assert len(TESTS.findall(text_of(ROOT / "docs/explanation/pep-3333.rst"))) > 25
