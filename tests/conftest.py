"""Hostile surroundings: no network but loopback, no inherited environment, no inherited state.

Warnings are errors, the order is random and ``make test`` runs in dev mode: see pyproject.toml
and the Makefile. Hypothesis has four profiles: ``quick`` (every run), ``thorough``, ``redaction``
(20,000 examples each) and ``unshrunk``; ``--hypothesis-profile`` chooses.
"""

from __future__ import annotations

import ipaddress
import itertools
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from wsgi_apimetrics.delivery import exits

_IN_CI = os.environ.get("CI") == "true"

# No deadline: a slow example on a busy machine is no defect.
settings.register_profile(
    "quick", max_examples=25, deadline=None, derandomize=_IN_CI, print_blob=True
)
settings.register_profile("thorough", max_examples=2_000, deadline=None, print_blob=True)
settings.register_profile(
    "redaction",
    max_examples=20_000,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
# For tools/mutation.py: the same examples each time, and what fails is not made smaller.
settings.register_profile(
    "unshrunk",
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("quick")


def pytest_configure() -> None:
    """Undo what a shell does to what it runs in the background.

    There Ctrl-C is ignored, also by all that is started from there: tests would wait for ever.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish() -> None:
    """Save what coverage has measured: a worker that takes its time to end is killed."""
    coverage = sys.modules.get("coverage")
    measuring = coverage.Coverage.current() if coverage is not None else None
    if measuring is not None:
        measuring.save()


# -- the environment ------------------------------------------------------------------------

_OURS = ("WSGI_APIMETRICS_", "README_", "APITOOLKIT_", "OTEL_", "PUBSUB_", "GOOGLE_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")


def _is_ours(variable: str) -> bool:
    return variable.startswith(_OURS) or variable.lower() in _PROXIES


@pytest.fixture(scope="session", autouse=True)
def _bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No option from outside, and the user's own directories out of reach."""
    before = dict(os.environ)
    home = tmp_path_factory.mktemp("xdg")
    for variable in filter(_is_ours, before):
        del os.environ[variable]
    for place in ("STATE", "CACHE", "CONFIG", "DATA"):
        os.environ[f"XDG_{place}_HOME"] = str(home / place.lower())
    yield home
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def state_dir() -> Path:
    """The directory that this test's default stores are in; made only when something is stored."""
    return Path(os.environ["XDG_STATE_HOME"])


_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _reset(_bare_environment: Path) -> Iterator[None]:
    """Give every test its own state directory, and put environment and logging back after it."""
    environment = dict(os.environ)
    os.environ["XDG_STATE_HOME"] = str(_bare_environment / f"state-{next(_numbers)}")
    yield
    os.environ.clear()
    os.environ.update(environment)
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.startswith("wsgi_apimetrics"):
            logger.handlers.clear()
            logger.filters.clear()
            logger.setLevel(logging.NOTSET)
            logger.propagate = True
            logger.disabled = False


@pytest.fixture(autouse=True)
def _nothing_goes_on(_bare_environment: Path) -> Iterator[None]:
    """End the workers that a test has left: at the end of the process they would speak up."""
    before = set(exits._endings)
    yield
    for ending in exits._endings - before:
        ending.shutdown(0.0)


# -- the network ----------------------------------------------------------------------------


class NetworkBlocked(BaseException):
    """A test reached for the network. No ``Exception``: the guards under test must not hide it."""


def _is_near(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


_reached: list[str] = []


def _refuse(host: object) -> None:
    if str(host).endswith(".invalid"):  # RFC 2606: what a test names to see a failing look-up
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    thread = threading.current_thread()
    origin = getattr(thread, "started_by", "the test itself")
    _reached.append(f"{host} in {thread.name}, started by {origin}")
    raise NetworkBlocked(f"tests may only reach loopback, not {_reached[-1]}")


@pytest.fixture(scope="session", autouse=True)
def _threads_know_their_test() -> Iterator[None]:
    """Note on each thread which test started it: what it does may show in a later one."""
    patch = pytest.MonkeyPatch()
    start = threading.Thread.start

    def noted(self: threading.Thread) -> None:
        self.started_by = os.environ.get("PYTEST_CURRENT_TEST", "no test")  # type: ignore[attr-defined]
        start(self)

    patch.setattr(threading.Thread, "start", noted)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Block every connection and every look-up that would leave the machine."""
    patch = pytest.MonkeyPatch()

    def guard_address(name: str, position: int) -> None:
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, *args: Any) -> Any:
            address = args[position]
            inet = self.family in (socket.AF_INET, socket.AF_INET6)
            if inet and isinstance(address, tuple) and not _is_near(address[0]):
                _refuse(address[0])
            return real(self, *args)

        patch.setattr(socket.socket, name, guarded)

    def guard_lookup(name: str) -> None:
        real = getattr(socket, name)

        def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
            if not _is_near(host):
                _refuse(host)
            return real(host, *args, **kwargs)

        patch.setattr(socket, name, guarded)

    guard_address("connect", 0)
    guard_address("connect_ex", 0)
    guard_address("sendto", -1)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        guard_lookup(name)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _nothing_reached(_loopback_only: None) -> Iterator[None]:
    """Fail the test during which a background thread reached for the network."""
    _reached.clear()
    yield
    assert not _reached, f"reached for the network: {_reached}"
