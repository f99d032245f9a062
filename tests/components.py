"""What the tests need besides Python packages: where it is, and what to say when it is missing.

One rule for all: a missing component skips the test with a reason, and fails it if CI=true.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


def require(name: str) -> Path:
    """Return the path of a component, or skip (in CI: fail) the test that asks.

    Args:
        name: A key of :data:`COMPONENTS`.
    """
    found = COMPONENTS[name]()
    if found is not None:
        return found
    text = f"{name} is missing: make components"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def _program(*names: str) -> Path | None:
    """The first of the programs that is beside this Python, on PATH or in the system's places."""
    beside = str(Path(sys.executable).parent)
    places = os.pathsep.join([beside, os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/chromium"])
    for name in names:
        found = shutil.which(name, path=places)
        if found:
            return Path(found)
    return None


def _file(path: str) -> Path | None:
    return Path(path) if Path(path).exists() else None


def _pubsub_emulator() -> Path | None:
    """The emulator's jar; it runs by ``java -jar``, so that has to be there too."""
    if _program("java") is None:
        return None
    found = subprocess.run(
        [_ROOT / "tools" / "find-pubsub-emulator"], capture_output=True, text=True, check=False
    )
    return Path(found.stdout.strip()) if found.stdout.strip() else None


def _rotel() -> Path | None:
    for folder in sys.path:
        agent = Path(folder, "rotel", "rotel-agent")
        if agent.exists():
            return agent
    return None


COMPONENTS = {
    "apache2": lambda: _program("apache2", "httpd"),
    "chromedriver": lambda: _program("chromedriver"),
    "chromium": lambda: _program("chromium", "chromium-browser", "google-chrome"),
    "java": lambda: _program("java"),
    "mod_wsgi": lambda: _file("/usr/lib/apache2/modules/mod_wsgi.so"),
    "pubsub-emulator": _pubsub_emulator,
    "rotel": _rotel,
    "uwsgi": lambda: _program("uwsgi"),
    "wrk": lambda: _program("wrk"),
}
