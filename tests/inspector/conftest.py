"""An inspector on a real port, and a real Chromium to look at it."""

from __future__ import annotations

import contextlib
import threading
import time
from types import SimpleNamespace

import pytest
from components import require
from werkzeug.serving import make_server

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.inspector import Inspector
from wsgi_apimetrics.inspector.server import _Quiet
from wsgi_apimetrics.store import Writer

from .samples import varied

SIZE = {"width": 1360, "height": 900, "deviceScaleFactor": 1, "mobile": False}
"""Of the browser's page, in pixels."""
TOKEN = "a-token-of-the-tests-0123456789"


@contextlib.contextmanager
def served(app):
    """Serve ``app`` on loopback, and yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def fill(tmp_path):
    """Put exchanges into a store, and return its path."""

    def fill(*exchanges, redactions=()):
        path = tmp_path / "state" / "exchanges.sqlite"
        writer = Writer(path)
        writer.append([jsonline.dumps(one, redactions) for one in exchanges])
        assert writer.index(5)
        writer.close()
        return path

    return fill


@pytest.fixture(scope="module")
def inspector(tmp_path_factory):
    """An inspector over a store of one exchange of each sort, for the browser."""
    path = tmp_path_factory.mktemp("inspector") / "exchanges.sqlite"
    writer = Writer(path)
    sorts = varied(time.time())
    writer.append(jsonline.dumps(one, notes) for one, notes in sorts.values())
    assert writer.index(5)
    app = Inspector(path, token=TOKEN, ingest=path.with_name("ingested.sqlite"), streams=20)
    with served(app) as address:
        ids = {name: one.id for name, (one, _) in sorts.items()}
        yield SimpleNamespace(address=address, path=path, writer=writer, ids=ids)
    writer.close()
    app.close()


@contextlib.contextmanager
def browser(profile, *more_flags):
    """Yield a real Chromium, without a window."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(require("chromium"))
    flags = (
        "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-sync "
        "disable-background-networking disable-component-update disable-dev-shm-usage"
    )
    for flag in (*flags.split(), *more_flags):
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(str(require("chromedriver"))))
    try:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A browser for all tests of a file."""
    with browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def page(inspector, chromium):
    """Go to a page of the inspector as somebody who has the token; check what the browser said."""
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    chromium.get(f"{inspector.address}/?token={TOKEN}")
    chromium.get_log("browser")

    def go(path):
        chromium.get(inspector.address + path)
        return chromium

    yield go
    said = [entry["message"] for entry in chromium.get_log("browser")]
    assert not said, said
