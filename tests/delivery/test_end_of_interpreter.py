"""What is left open when the interpreter ends must not keep it from ending."""

from __future__ import annotations

import subprocess
import sys

LEFT_OPEN = """
from werkzeug.test import EnvironBuilder
from wsgi_apimetrics import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory

def app(environ, start_response):
    start_response("200 OK", [])
    return iter([b"x"])

wrapped = ApiMetricsMiddleware(app, Memory(background_worker_mode=True, buffer_length=9))
{before}
result = wrapped(EnvironBuilder().get_environ(), lambda *_: None)
"""

FIRST_CLOSED = "wrapped(EnvironBuilder().get_environ(), lambda *_: None).close()"


def test_a_response_that_nobody_closed_does_not_hold_up_the_end() -> None:
    """It is finalised after the exit hooks, when a thread that is started never runs."""
    for before in ("", FIRST_CLOSED):
        code = LEFT_OPEN.format(before=before)
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, timeout=30, check=False, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
