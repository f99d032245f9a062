"""``make demo`` on a fresh machine: the first command that a new user tries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("Makefile", "README.rst", "LICENSE", "setup.cfg", "setup.py", "pyproject.toml")
FOLDERS = ("requirements", "tools", "wsgi_apimetrics")


@pytest.mark.slow
def test_one_command_does_all_the_set_up(tmp_path):
    """From the sources alone: an environment of its own, the traffic, the table, exit code 0."""
    for name in NEEDED:
        shutil.copy(ROOT / name, tmp_path)
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    ours = ("MAKE", "PYTHON", "WSGI_APIMETRICS", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    made = subprocess.run(
        ["make", "demo", "ARGS=--requests 40"],
        cwd=tmp_path,
        env={**kept, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    assert (tmp_path / ".venv-demo" / "bin" / "wsgi-apimetrics").exists()
    assert "One exchange, whole" in made.stdout
    store = tmp_path / "state" / "wsgi-apimetrics" / "demo.sqlite"
    assert store.stat().st_mode & 0o777 == 0o600
    assert str(store) in re.sub(r"[\s│]", "", made.stdout)  # the panel folds a long path
