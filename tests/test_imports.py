"""What is imported when, in processes of their own: nothing before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "click", "cryptography", "difflib", "flask", "google.auth", "httpx", "importlib.metadata",
    "jinja2", "jsonpath_ng", "opentelemetry.proto", "orjson", "platform", "requests", "rich",
    "sqlite3", "ssl", "urllib3", "uuid", "werkzeug",
}  # fmt: skip
"""What none of our modules may bring along when an app starts."""

WORKERS = {
    "capture.assemble", "encoding.har", "encoding.json", "encoding.local", "encoding.otlp",
    "encoding.readme", "exchange", "payload", "redaction.redactor", "redaction.rules",
    "store.reader", "store.writer", "transport.client", "transport.http", "transport.local",
}  # fmt: skip
"""Modules of ours that only the worker needs."""

BACKENDS = {
    "ReadMe": "ReadMe(api_key='k', grouping_function=print)",
    "Local": "Local(path='never-opened.sqlite')",
    "APIToolkit": "APIToolkit(api_key='k', protocol='otlp')",
    "OTLP": "OTLP(endpoint='http://127.0.0.1:9/')",
}

RULES = {
    "no rules": "",
    "names": "denylist=['password'], redact_headers=['X-Key'], redact_common_secrets=True",
    "plain paths": "denylist=['$.user.name', '$..token'], redact_request_body=['$.a[*].b']",
}

ASKED = """
import json, sys
there = set(sys.modules)
from wsgi_apimetrics import {name}
from wsgi_apimetrics.middleware import ApiMetricsMiddleware
ApiMetricsMiddleware(print, {backend}, {options})
print(json.dumps([name for name in sys.modules if name not in there]))
"""

A_REQUEST = """
import io, json, sys, threading

from wsgi_apimetrics import ApiMetricsMiddleware, ReadMe

def app(environ, start_response):
    environ["wsgi.input"].read()
    environ["wsgi_apimetrics.group"] = {"api_key": "k"}
    environ["wsgi_apimetrics.errors"] = [ValueError("was dealt with")]
    start_response("200 OK", [("Content-Type", "application/json")])
    return iter([b'{"a": ', b"1}"])

wrapped = ApiMetricsMiddleware(
    app,
    ReadMe(
        api_key="k", server="http://127.0.0.1:9", timeout=0.1, sample_rates={"4xx": 0.5},
        denylist=["a", "$.b"], grouping_function=lambda request: {"api_key": "k"},
    ),
)
imported = []

def imports(event, arguments):
    if event == "import" and arguments[0].startswith("wsgi_apimetrics"):
        imported.append((threading.current_thread() is threading.main_thread(), arguments[0]))

sys.addaudithook(imports)
environ = {
    "REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.url_scheme": "http", "CONTENT_LENGTH": "2",
    "SERVER_NAME": "a", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.input": io.BytesIO(b"{}"), "wsgi.errors": sys.stderr,
}
answer = wrapped(environ, lambda *args: print)
list(answer)
answer.close()
wrapped.flush(5)
wrapped.shutdown(0)
print(json.dumps(imported))
"""


def said(code: str) -> list:
    """What a fresh interpreter prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("options", RULES.values(), ids=RULES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_building_imports_only_what_it_needs(backend, options):
    """No library, nothing that only the worker or a mistake needs."""
    code = ASKED.format(name=backend, backend=BACKENDS[backend], options=options)
    loaded = said(code)
    assert "wsgi_apimetrics.recorder" in loaded
    assert not HEAVY & set(loaded)
    assert not {f"wsgi_apimetrics.{name}" for name in WORKERS} & set(loaded)


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ("denylist=['$.a[?(@.b == 1)]']", "jsonpath_ng"),
        ("redact_patterns=['card']", "wsgi_apimetrics.redaction.patterns"),
        ("allowed_http_hosts=['a.example']", "wsgi_apimetrics.hosts"),
    ],
)
def test_an_option_brings_what_it_needs(options, needed):
    """So that a mistake in it is found when the middleware is built."""
    code = ASKED.format(name="ReadMe", backend=BACKENDS["ReadMe"], options=options)
    assert needed in said(code)


def test_the_package_alone_imports_next_to_nothing():
    """What is public is imported when it is asked for."""
    code = "import json, sys, wsgi_apimetrics; print(json.dumps(list(sys.modules)))"
    ours = {name for name in said(code) if name.startswith("wsgi_apimetrics")}
    assert ours == {f"wsgi_apimetrics{name}" for name in ("", "._version", ".exceptions", ".later")}


def test_a_request_waits_for_no_import():
    """What was left for later is imported by the worker, none of it by the request's thread."""
    imported = said(A_REQUEST)
    assert [name for by_request, name in imported if by_request] == []
    assert "wsgi_apimetrics.redaction.redactor" in [name for _, name in imported]


def test_with_a_spool_nothing_waits_for_an_import(tmp_path):
    """What is captured is on disk a moment later: only what sends may still be imported."""
    spooling = A_REQUEST.replace(
        'api_key="k", server', f'spool_dir={str(tmp_path)!r}, api_key="k", server'
    )
    names = [name for _, name in said(spooling)]
    on_the_way = ("capture", "redaction", "encoding", "delivery")
    assert [name for name in names if name.split(".")[1] in on_the_way] == []
