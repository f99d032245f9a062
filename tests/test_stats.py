"""The counters as a log line."""

from __future__ import annotations

from wsgi_apimetrics.stats import BackendStats


def test_the_line_says_all_that_is_counted():
    """Nothing that ``stats()`` knows is missing from what a log gets."""
    stats = BackendStats(
        captured=101, delivered=102, retried=103, spooled=104, adopted=105, dead_lettered=106,
        dropped={"queue_full": 107, "too_large": 108}, omitted_bodies={"too_large": 109},
        queue_depth=110, queue_bytes=111, last_success=0.0, last_error="HTTP 503",
        last_error_at=86400.0,
    )  # fmt: skip
    assert stats.summary() == (
        "captured 101, adopted 105, delivered 102, retried 103, spooled 104, dead letters 106,"
        " waiting 110 (111 bytes), dropped 107 queue_full, 108 too_large,"
        " bodies left out 109 too_large, last success 1970-01-01T00:00:00Z,"
        " last error HTTP 503 at 1970-01-02T00:00:00Z"
    )


def test_the_line_of_a_healthy_beginning_is_short():
    """What did not happen is said in a word."""
    assert BackendStats().summary() == (
        "captured 0, adopted 0, delivered 0, retried 0, spooled 0, dead letters 0,"
        " waiting 0 (0 bytes), dropped none, bodies left out none, last success never,"
        " last error none"
    )
