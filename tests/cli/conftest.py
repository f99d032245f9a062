"""The command line as a process of its own, and a store with something in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from store.samples import exchange

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.exchange import ErrorRecord, Redaction
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.store import Writer

BOB = mask("key-of-bob")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe"


@pytest.fixture
def run(tmp_path):
    """Run ``wsgi-apimetrics`` with arguments; returns what it printed and its exit code."""

    def run(*arguments, stdin=None, **environment):
        return subprocess.run(
            [sys.executable, "-m", "wsgi_apimetrics", *map(str, arguments)],
            env={**os.environ, "COLUMNS": "200", **environment},
            input=stdin,
            capture_output=True,
            text=stdin is None or isinstance(stdin, str),
            timeout=60,
            check=False,
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def filled(state_dir):
    """Fill the default store; returns the exchanges by name."""
    import time

    now = time.time() - 60
    failed = ErrorRecord("KeyError", "'x'", "KeyError", "'x'", "Traceback: line 7", now)
    each = {
        "plain": exchange("/users/7", at=now, caller=mask("key-of-ada"), got=b'{"name":"Ada"}'),
        "post": exchange(
            "/orders",
            caller=BOB,
            at=now + 1,
            method="POST",
            sent=b'{"card":"4111"}',
            status=201,
            duration=1.5,
        ),
        "failed": exchange(
            "/broken",
            caller=BOB,
            at=now + 2,
            status=500,
            scheme="http",
            query="draft=1",
            request_type="text/plain",
            errors=(failed,),
            route="/broken",
        ),
        "binary": exchange(
            "/logo",
            caller=BOB,
            at=now + 3,
            got=b"\x89PNG\x00\xff",
            response_type="image/png",
        ),
        "hostile": exchange(f"/{HOSTILE}", caller=BOB, at=now + 4, headers=(("X-Odd", HOSTILE),)),
    }
    writer = Writer(Path(state_dir) / "wsgi-apimetrics" / "exchanges.sqlite")
    masked = (Redaction("group.id", "mask"),)
    writer.append(jsonline.dumps(one, masked) for one in each.values())
    writer.index(5)
    writer.close()
    return each
