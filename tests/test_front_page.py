"""The README says what is so: its figures are counted here, and its commands are followed."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from zoo.apps import ZOO
from zoo.broken import BROKEN
from zoo.probe import Mode

ROOT = Path(__file__).parents[1]
README = " ".join((ROOT / "README.rst").read_text(encoding="utf-8").split())


def setup_cfg() -> configparser.ConfigParser:
    """The package's metadata."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_the_zoo_is_as_large_as_it_says():
    """Apps, mistakes and endings are counted."""
    assert (len(ZOO), len(BROKEN), len(Mode)) == (104, 11, 5)
    assert "104 small apps, 11 of the mistakes" in README
    assert "five ways for a server to go through a response" in README


def test_the_versions_are_those_of_the_metadata():
    """Interpreters and dependencies."""
    metadata = setup_cfg()
    versions = re.findall(r"Python :: (3\.\d+)", metadata["metadata"]["classifiers"])
    assert f"Python {', '.join(versions)} " in README
    needed = metadata["options"]["install_requires"].split()
    assert f"{', '.join(needed).replace('>=', ' ')}, or later; no others" in README


def test_every_page_that_it_names_is_there():
    """No link leads nowhere."""
    pages = re.findall(r"``((?:docs/)?[\w/-]+(?:\.rst)?)``", README)
    named = [page for page in pages if page.startswith("docs/") or page.endswith(".rst")]
    assert len(named) > 8
    assert [page for page in named if not (ROOT / page).exists()] == []


def test_every_command_that_it_names_is_a_task():
    """What follows ``make`` is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for task in re.findall(r"make ((?:\w+-?)+)", README):
        assert re.search(rf"^{task}:", makefile, re.MULTILINE), task


@pytest.mark.slow
def test_a_new_user_follows_it(tmp_path):
    """A clone, ``make demo`` and nothing else: it ends with success and has shown the table."""
    if not (ROOT / ".git").exists():
        pytest.skip("there is nothing to clone: this is a source distribution")
    place = tmp_path / "wsgi-apimetrics"
    subprocess.run(["git", "clone", "-q", "--depth", "1", ROOT.as_uri(), place], check=True)
    keep = ("HOME", "PATH", "PIP_", "SSL_", "LANG", "LC_", "REQUESTS_", "http", "HTTP")
    demo = subprocess.run(
        ["make", "demo", f"PYTHON={sys.executable}"],
        cwd=place,
        env={
            **{name: value for name, value in os.environ.items() if name.startswith(keep)},
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert demo.returncode == 0, demo.stderr
    assert "What was captured" in demo.stdout
    assert "/users/<name>" in demo.stdout
    assert (tmp_path / "state" / "wsgi-apimetrics" / "demo.sqlite").exists()
