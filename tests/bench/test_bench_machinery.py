"""The bench's own machinery: what it prints, writes and decides, and one tiny round."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from bench import exchanges, floors, load, plots, report, request_thread
from bench.processes import Talking, arrived
from bench.results import Bar, Plot, Table


@pytest.mark.parametrize(
    ("ratio", "at_least", "holds", "holds_with_leeway"),
    [
        (0.9, False, True, True),
        (1.4, False, False, True),
        (1.6, False, False, False),
        (1.1, True, True, True),
        (0.7, True, False, True),
        (0.6, True, False, False),
    ],
)
def test_a_bar_holds(ratio, at_least, holds, holds_with_leeway):
    """A ratio is held against its bar from the right side, and against half as much again."""
    bar = Bar("a bar", ratio * 10, 10, 1, at_least=at_least)
    assert (bar.holds(), bar.is_worse(1.5)) == (holds, not holds_with_leeway)
    assert ("OVER" in str(bar)) is not holds


@pytest.mark.parametrize(("ratio", "worse"), [(1.2, False), (2.9, False), (3.1, True)])
def test_a_missed_bar_is_held_where_it_was_missed(ratio, worse):
    """It is still missed, and not a failure unless it is half as much again as it was."""
    bar = Bar("a bar", ratio * 10, 10, 1, missed_at=2)
    assert (bar.holds(), bar.is_worse(1.5)) == (False, worse)


def test_the_request_thread_is_measured():
    """A tiny round: both floors and the middleware answer, and add something."""
    app = exchanges.json_app(exchanges.RESPONSE)
    costs = request_thread.added_costs(
        app,
        {"tee": floors.tee(app), "noop": floors.noop(app)},
        exchanges.environ,
        turns=1,
        requests=20,
    )
    assert set(costs) == {"tee", "noop"}


def test_the_floors_change_nothing():
    """What the floors wrap answers as it does without them."""
    app = exchanges.json_app(b"{}")
    for wrapped in (app, floors.noop(app), floors.tee(app)):
        assert list(wrapped(exchanges.environ(), exchanges.ignore)) == [b"{}"]


def test_the_sink_counts_what_a_subject_sends():
    """Ten requests of ours arrive as ten exchanges in one payload; the subject says its cost."""
    sink = Talking("bench.sink", "ours")
    try:
        subject = Talking("bench.subject", "ours", "small", json.dumps(sink.first))
        try:
            assert subject.ask("serve", 10) > 0
            assert subject.ask("hurry") is True
            assert arrived(sink, "ours", 10, seconds=5) == {"exchanges": 10, "payloads": 1}
            assert subject.ask("cost") > 0
        finally:
            subject.end()
    finally:
        sink.end()


def test_a_report_is_written(tmp_path):
    """Tables, bars and plots are files that the documentation includes."""
    found = [
        Bar("a bar", 3.0, 2.0, 1.6),
        Table("a-table", "A table", ("", "us"), [("ours", "1,234")]),
        Plot("a-plot", "rules", "us", [(10, 5.0), (100, 70.0)]),
    ]
    report.write(found, "a machine", tmp_path)
    assert (
        '"a bar", "3.00 us", "2.00 us", "1.50", "<= 1.6", "yes"'
        in (tmp_path / "bars.inc").read_text()
    )
    assert '"ours", "1,234"' in (tmp_path / "a-table.inc").read_text()
    assert (tmp_path / "machine.inc").read_text() == "a machine.\n"
    ET.fromstring((tmp_path / "a-plot.svg").read_text())


def test_a_plot_holds_every_point():
    """One mark for each point, and no bend is drawn where there is none."""
    drawn = plots.svg(Plot("p", "n", "us", [(1, 1.0), (10, 10.0), (100, 100.0)]))
    assert drawn.count("<circle") == 3


def test_the_load_client_sends_the_small_exchange():
    """Its request has the twelve headers' worth of the bench's environ, and the body."""
    head, _, body = load.request_bytes(80).partition(b"\r\n\r\n")
    assert body == exchanges.REQUEST
    assert b"Authorization: Bearer" in head
    assert f"Content-Length: {len(body)}".encode() in head
