"""Who gets in, and under which headers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from wsgi_apimetrics.exceptions import ConfigurationError
from wsgi_apimetrics.inspector import Inspector
from wsgi_apimetrics.middleware import ApiMetricsMiddleware
from wsgi_apimetrics.testing import Memory

from .conftest import TOKEN
from .samples import exchange

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def client(fill):
    return Client(Inspector(fill(exchange(at=time.time())), token=TOKEN))


def get(client, path="/", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, base_url=BASE, headers=named)


def test_the_token_becomes_a_cookie_and_leaves_the_address(client):
    """Once in, the address has no token in it, and no script can read the cookie."""
    assert get(client).status_code == 401
    answer = get(client, f"/exchanges?q=a&token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/exchanges?q=a")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert get(client).status_code == 200


def test_a_wrong_token_opens_nothing(client):
    """Nothing of the store is said to who does not have the token."""
    answer = get(client, "/exchanges?token=wrong")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "exchanges.sqlite" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/exchanges", "/exchanges/live", "/exchanges/stream", "/static/page.js"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8000"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_other_sites_are_refused_everywhere(client, path, headers):
    """Rebound names, foreign origins and requests of other pages: even with the cookie."""
    get(client, f"/?token={TOKEN}")
    assert get(client, path, **headers).status_code == 403


@pytest.mark.parametrize("path", ["/", "/exchanges", "/nowhere", "/static/page.js", "/callers"])
def test_every_answer_has_the_policy(client, path):
    """No ``unsafe`` anything, nothing from elsewhere, and Trusted Types are required."""
    get(client, f"/?token={TOKEN}")
    policy = get(client, path).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_only_reads(client, method):
    """Without ``ingest`` there is nothing to write to."""
    answer = client.open("/v1/request", method=method, base_url=BASE)
    assert answer.status_code == 405


def test_a_check_of_the_app_lets_in(fill):
    """Mounted, the app itself may say who looks."""
    app = Inspector(fill(), check=lambda environ: environ.get("HTTP_X_ADMIN") == "yes")
    assert get(Client(app)).status_code == 401
    assert get(Client(app), X_Admin="yes").status_code == 200


@pytest.mark.parametrize("given", [{}, {"token": "short"}, {"token": TOKEN, "check": bool}])
def test_it_can_not_be_open_to_all_by_mistake(given):
    """Neither token nor check, both, or a token to guess: refused while configuring."""
    with pytest.raises(ConfigurationError):
        Inspector("x.sqlite", **given)


def test_its_own_requests_are_not_recorded(fill):
    """Mounted in an app that is watched, it watches everything but itself."""
    memory = Memory()
    wrapped = ApiMetricsMiddleware(Inspector(fill(), token=TOKEN), memory)
    assert Client(wrapped).get("/", base_url=BASE).status_code == 401
    assert wrapped.flush(5)
    wrapped.shutdown()
    assert not memory.exchanges


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_store_is_left_alone(tmp_path, content):
    """It says what is wrong, and the file stays as it was."""
    path = tmp_path / "other.sqlite"
    path.write_bytes(content)
    client = Client(Inspector(path, token=TOKEN))
    get(client, f"/?token={TOKEN}")
    answer = get(client)
    assert answer.status_code == 503
    assert "other.sqlite" in answer.text
    assert path.read_bytes() == content


def test_a_path_stays_as_it_was_written(tmp_path, monkeypatch):
    """A sentence that begins with it has no capital: that would be another file."""
    monkeypatch.chdir(tmp_path)
    path = Path("other.sqlite")
    path.write_bytes(b"no database")
    client = Client(Inspector(path, token=TOKEN))
    get(client, f"/?token={TOKEN}")
    answer = get(client).text
    assert "other.sqlite is not a store" in answer
    path.unlink()
    assert "There is no store at other.sqlite" in get(client).text


def test_where_it_is_mounted_needs_no_slash(fill):
    """A browser keeps the cookie for what is below: without its slash the address goes on there."""
    mounted = DispatcherMiddleware(lambda *_: [], {"/deep": Inspector(fill(), token=TOKEN)})
    client = Client(mounted)
    get(client, f"/deep?token={TOKEN}")
    assert get(client, "/deep").location == "/deep/"
    answer = client.get("/deep?last=7d", base_url=BASE, follow_redirects=True)
    assert answer.status_code == 200
    assert answer.request.url == f"{BASE}/deep/?last=7d"


def test_it_works_wherever_it_is_mounted(fill):
    """Every address on a page begins with SCRIPT_NAME."""
    inner = Inspector(fill(exchange(at=time.time())), check=lambda _: True)
    client = Client(DispatcherMiddleware(lambda *_: [], {"/deep/inspector": inner}))
    for path in ("/", "/exchanges", "/callers"):
        text = get(client, f"/deep/inspector{path}").text
        links = [part.partition('"')[0] for part in text.split('href="')[1:]]
        assert links
        assert all(link.startswith(("/deep/inspector/", "#")) for link in links), links
