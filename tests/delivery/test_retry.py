"""What is done about an outcome: the table, and what holds for every outcome."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics.delivery.retry import Action, RetryTable, decide, retry_after_seconds
from wsgi_apimetrics.payload import Outcome

NOW = 1_800_000_000.0
TABLE = RetryTable()
OTLP = RetryTable(retry=frozenset({429, 502, 503, 504}))


def decided(outcome: Outcome, attempt: int = 1, jitter: float = 1.0, table: RetryTable = TABLE):
    return decide(outcome, attempt, NOW, table, lambda: jitter)


@pytest.mark.parametrize(
    ("status", "action", "wait"),
    [
        (200, Action.DELIVERED, 0), (202, Action.DELIVERED, 0), (299, Action.DELIVERED, 0),
        (None, Action.RETRY, 1), (408, Action.RETRY, 1), (425, Action.RETRY, 1),
        (429, Action.RETRY, 1), (500, Action.RETRY, 1), (502, Action.RETRY, 1),
        (503, Action.RETRY, 1), (504, Action.RETRY, 1), (599, Action.RETRY, 1),
        (401, Action.COOL_DOWN, 15), (403, Action.COOL_DOWN, 15),
        (400, Action.SPLIT, 0), (413, Action.SPLIT, 0), (422, Action.SPLIT, 0),
        (404, Action.COOL_DOWN, 15), (405, Action.COOL_DOWN, 15), (410, Action.COOL_DOWN, 15),
        (301, Action.COOL_DOWN, 15), (304, Action.COOL_DOWN, 15),
    ],
)  # fmt: skip
def test_first_outcome(status, action, wait):
    """Each status has its action and its first wait."""
    decision = decided(Outcome(status_code=status))
    assert (decision.action, decision.wait) == (action, wait)


@pytest.mark.parametrize(
    ("status", "attempt", "action", "wait"),
    [
        (503, 2, Action.RETRY, 2), (503, 5, Action.RETRY, 16), (503, 7, Action.RETRY, 60),
        (503, 10_000, Action.RETRY, 60),
        (401, 2, Action.COOL_DOWN, 30), (401, 7, Action.COOL_DOWN, 900),
        (403, 10_000, Action.COOL_DOWN, 900),
        (404, 2, Action.COOL_DOWN, 30), (404, 3, Action.SET_ASIDE, 0),
        (418, 3, Action.SET_ASIDE, 0),
        (400, 9, Action.SPLIT, 0),
    ],
)  # fmt: skip
def test_later_outcome(status, attempt, action, wait):
    """Waits double up to their caps; an address that stays wrong is believed at last."""
    decision = decided(Outcome(status_code=status), attempt)
    assert (decision.action, decision.wait) == (action, wait)


@pytest.mark.parametrize("status", [408, 425, 500, 501, 505])
def test_backend_names_its_own_statuses(status):
    """OTLP retries 429, 502, 503 and 504 alone; any other refusal is believed."""
    assert decided(Outcome(status_code=status), 3, table=OTLP).action is Action.SET_ASIDE
    assert decided(Outcome(status_code=503), 3, table=OTLP).action is Action.RETRY


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7), (" 7 ", 7), ("0", 0), ("-5", 0), ("1.5", 1.5), ("", 0), (None, 0), ("soon", 0),
        ("nan", 0), ("inf", 0), ("1e999", 0),
        (formatdate(NOW + 30, usegmt=True), 30), (formatdate(NOW - 30, usegmt=True), 0),
        (format_datetime(datetime.fromtimestamp(NOW, timezone(timedelta(hours=5)))
                         + timedelta(seconds=9)), 9),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 99 Nov 1994 08:49:37 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after(value, seconds):
    """Retry-After is seconds or an HTTP date (RFC 9110, 10.2.3); nonsense asks for nothing."""
    assert retry_after_seconds(value, NOW) == seconds


def test_date_without_a_zone_is_utc():
    """An HTTP date is UTC even where it says only that its zone is unknown (-0000)."""
    value = formatdate(NOW + 30, localtime=False)
    assert value.endswith("-0000")
    assert retry_after_seconds(value, NOW) == 30


waits = st.one_of(
    st.none(),
    st.integers(-10, 10**9).map(str),
    st.floats().map(str),
    st.text(max_size=20),
    st.integers(-1000, 10**6).map(lambda delta: formatdate(NOW + delta, usegmt=True)),
)
retryable = st.sampled_from([None, *sorted(TABLE.retry)])


@given(retryable, waits, st.integers(1, 10**6), st.floats(0, 1))
def test_wait_is_between_what_was_asked_and_the_cap(status, retry_after, attempt, jitter):
    """No less than the smaller of Retry-After and its cap, and no more than the cap."""
    decision = decided(Outcome(status_code=status, retry_after=retry_after), attempt, jitter)
    asked = retry_after_seconds(retry_after, NOW)
    assert decision.action is Action.RETRY
    assert min(asked, TABLE.retry_after_cap_seconds) <= decision.wait
    assert decision.wait <= TABLE.retry_after_cap_seconds


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_jitter_is_full(attempt, jitter):
    """Without Retry-After the wait is the drawn share of the doubled, capped ceiling."""
    decision = decided(Outcome(status_code=503), attempt, jitter)
    ceiling = min(TABLE.backoff_cap_seconds, TABLE.first_wait_seconds * 2 ** min(attempt - 1, 20))
    assert decision.wait == pytest.approx(ceiling * jitter)


@given(st.one_of(st.none(), st.integers(100, 999)), st.integers(1, 100))
def test_every_status_has_an_answer(status, attempt):
    """There is no status for which nothing is decided, and no wait that is not a number."""
    decision = decided(Outcome(status_code=status), attempt)
    assert 0 <= decision.wait <= TABLE.cool_down_cap_seconds
