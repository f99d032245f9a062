"""Every example runs: each in a Python of its own, as a reader runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

TEMPLATES = {
    "plain": "/users/{user}",
    "flask_app": "/users/<int:user>",
    "pyramid_app": "/users/{user}",
    "falcon_app": "/users/{user:int}",
    "bottle_app": "/users/<user:int>",
    "django_app": "/users/<int:user>",
}

VISIT = """
import importlib, sys
from werkzeug.test import Client
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.testing import capture_exchanges

sys.path.insert(0, sys.argv[1])
application = importlib.import_module(sys.argv[2]).application
inside = getattr(application, "wsgi", application)                      # Bottle
if hasattr(application, "registry"):
    inside = application.registry["wsgi_apimetrics"]                    # Pyramid
with capture_exchanges(inside) as captured:
    answer = Client(application).get("/users/42", headers={"X-User": "ann"}, buffered=True)
[exchange] = captured
assert answer.status_code == 200, answer.status
assert exchange.group.id == mask("ann"), exchange.group
print(exchange.route)
"""


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_example_records_its_route_and_caller(name):
    """The app answers, and the exchange has the route's template and the caller."""
    visit = subprocess.run(
        [sys.executable, "-c", VISIT, EXAMPLES, name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert visit.returncode == 0, visit.stderr
    assert visit.stdout.splitlines() == [TEMPLATES[name]]


def test_every_example_is_among_them():
    """No example stands untested."""
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(TEMPLATES)
