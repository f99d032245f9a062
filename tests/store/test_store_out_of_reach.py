"""A store that can't be used costs records, never a request, and says what is wrong with it."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from wsgi_apimetrics import ApiMetricsMiddleware, Local


def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]


@pytest.mark.parametrize("where", ["not a directory", "another's file", "a directory"])
def test_what_is_wrong_is_said_and_requests_go_on(tmp_path, caplog, where):
    """The log line and the statistics name the file; a backend's address has no part in it."""
    if where == "not a directory":
        (tmp_path / "home").write_text("")
        path = tmp_path / "home" / "state" / "exchanges.sqlite"
    else:
        path = tmp_path / "exchanges.sqlite"
    if where == "another's file":
        path.write_text("Dear diary,")
    middleware = ApiMetricsMiddleware(app, Local(path=path), background_worker_mode=False)
    if where == "a directory":
        path.mkdir()
    for _ in range(3):
        answer, status, _ = run_wsgi_app(middleware, EnvironBuilder().get_environ())
        assert (b"".join(answer), status) == (b"ok", "200 OK")
    middleware.flush(0.1)
    stats = middleware.stats()["local"]
    assert (stats.captured, stats.delivered) == (3, 0)
    assert path.name in caplog.text
    assert "address" not in caplog.text
    said = caplog.text + str(stats.last_error)
    assert "HTTP" not in said
    assert "no answer" not in said  # nobody was asked
    assert path.name in str(stats.last_error)
    assert caplog.text.count("trying again") + caplog.text.count("next try") == 1
