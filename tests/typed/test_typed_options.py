"""The options as types are the options: `wsgi_apimetrics.typing` against the constructors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from wsgi_apimetrics import options, typing
from wsgi_apimetrics.backends.base import SHARED
from wsgi_apimetrics.backends.table import OURS, backend_named
from wsgi_apimetrics.config import KNOWN

EXAMPLE = Path(__file__).with_name("example.py")


def test_the_middleware_s_options():
    """All but the backends, which code gives by position."""
    assert set(get_type_hints(typing.MiddlewareOptions)) == set(KNOWN) - {"backends"}


@pytest.mark.parametrize("name", OURS)
def test_a_backend_s_options(name):
    """Its own, and the shared ones."""
    backend = backend_named(name)
    typed = getattr(typing, f"{backend.__name__}Options")
    assert set(get_type_hints(typed)) == set(options.kinds(backend.settings, *SHARED))


@pytest.mark.parametrize("policy", SHARED)
def test_every_policy_is_a_dictionary_of_the_same_name(policy):
    """So that an option is added beside its like."""
    typed = getattr(typing, policy.__name__.replace("Policy", "Options"))
    assert set(get_type_hints(typed)) == set(options.kinds(policy))


@pytest.mark.slow
def test_the_example_checks():
    """``mypy --strict`` finds what is wrong in it, and nothing else."""
    checked: subprocess.CompletedProcess[Any] = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", EXAMPLE],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
