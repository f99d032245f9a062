"""A backend in a package of its own, installed as anybody would install it, is as good as ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_backend"

APP = """
from werkzeug.test import Client
from wsgi_apimetrics import ApiMetricsMiddleware

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]

def who(request):
    return {"api_key": "k", "label": "Ann"}

wrapped = ApiMetricsMiddleware(app, grouping_function=who)
for number in range(3):
    Client(wrapped).get(f"/pets/{number}", buffered=True)
assert wrapped.shutdown(10)
print(wrapped.stats()["files"].delivered)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's package in a directory of its own, with its entry point."""
    site = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")  # setuptools builds where the source is
    shutil.copytree(EXAMPLE, source, dirs_exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--target", site, source],
        check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    return site


def run(installed: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the app with the backend named in the environment, and in no code."""
    return subprocess.run(
        [sys.executable, "-c", APP],
        env={
            **os.environ,
            "PYTHONPATH": str(installed),
            "WSGI_APIMETRICS_BACKENDS": "files",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_it_is_found_by_its_entry_point(installed, tmp_path):
    """Named in the environment it gets every exchange, whole batches of them."""
    ran = run(installed, WSGI_APIMETRICS_FILES_DIRECTORY=str(tmp_path / "out"))
    assert (ran.stdout.strip(), ran.returncode) == ("3", 0), ran.stderr
    lines = [
        json.loads(line)
        for file in sorted((tmp_path / "out").iterdir())
        for line in file.read_text().splitlines()
    ]
    assert sorted(line["path"] for line in lines) == ["/pets/0", "/pets/1", "/pets/2"]
    assert {line["caller"] for line in lines} == {"Ann"}


@pytest.mark.slow
def test_its_mistakes_are_told_as_ours_are(installed):
    """What is missing is a ConfigurationError, and a misspelt variable names the right one."""
    assert "directory is missing" in run(installed).stderr
    misspelt = run(installed, WSGI_APIMETRICS_FILES_DIRECTRY="out")
    assert "did you mean WSGI_APIMETRICS_FILES_DIRECTORY?" in misspelt.stderr
