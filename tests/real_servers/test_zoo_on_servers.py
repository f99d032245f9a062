"""The zoo through real servers: bare and wrapped, the same bytes on the wire."""

from __future__ import annotations

import pytest
from waiting import until
from zoo.apps import ZOO
from zoo.recorded import expected, summary_of_file

from real_servers.runners import Server
from real_servers.wire import fetch

ODD = {
    ("uwsgi", "echo-read-zero"),  # its read(0) returns everything
    ("uwsgi", "exc-info-replaces"),  # it raises a SystemError
    ("uwsgi", "exc-info-too-late"),  # it raises an OSError in place of the app's error
    ("wsgiref", "bytes-subclass"),  # it refuses them
    ("gunicorn-sync", "werkzeug-readinto"),  # its stream has no readinto
    ("gunicorn-gthread", "werkzeug-readinto"),
    ("gunicorn-gevent", "werkzeug-readinto"),
    ("gunicorn-preload", "werkzeug-readinto"),
    ("cheroot", "werkzeug-readinto"),
    ("mod_wsgi", "werkzeug-readinto"),
    ("cheroot", "file-wrapper"),  # it has none, so the app fails
    ("cheroot", "file-wrapper-function"),
    ("cheroot", "file-wrapper-no-length"),
    ("werkzeug-reloader", "file-wrapper"),
    ("werkzeug-reloader", "file-wrapper-function"),
    ("werkzeug-reloader", "file-wrapper-no-length"),
}
"""Where a server does something else than PEP 3333 says: the same bare and wrapped."""

WIRE = [name for name, species in ZOO.items() if species.wire]


@pytest.mark.parametrize("name", WIRE)
def test_client_and_app_see_the_same_and_it_is_recorded(pair, name):
    """Status line, fields in order, framing and bytes are the same but for the Date; the app is
    called, read and closed alike; what was recorded is what went over the wire.
    """
    species, (_, wrapped) = ZOO[name], pair
    path = f"/zoo/{name}{species.call.path}"
    target = f"{path}?{species.call.query}" if species.call.query else path
    before = len(wrapped.exchanges(path, 0))
    answers = [fetch(one.port, species.call.method, target, species.call.body) for one in pair]
    if wrapped.kind == "mod_wsgi":  # Apache joins an app's chunks as they happen to come
        for answer in answers:
            answer.chunks = [answer.body]
    assert answers[0].comparable() == answers[1].comparable()
    until(lambda: pair[0].ask("journal")[name] == wrapped.ask("journal")[name])
    recorded = wrapped.exchanges(path, before + species.recorded.count)[before:]
    assert len(recorded) == species.recorded.count
    facts = expected(species)
    if wrapped.kind == "uwsgi" and name.startswith("file-object"):
        facts = summary_of_file(facts)  # uWSGI may send any object with a fileno by itself
    for one in recorded if (wrapped.kind, name) not in ODD else ():
        assert {fact: one[fact] for fact in facts} == facts


def test_the_wire_shows_a_layer_that_buffers(tmp_path):
    """The client is sharp enough: a layer that joins the chunks is seen."""
    with (
        Server("waitress", "bare", tmp_path / "bare.log") as bare,
        Server("waitress", "buffers", tmp_path / "buffers.log") as buffering,
    ):
        bare_answer, joined = (fetch(one.port, "GET", "/zoo/list") for one in (bare, buffering))
    assert bare_answer.body == joined.body
    assert bare_answer.comparable() != joined.comparable()
