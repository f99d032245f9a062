"""Which exchanges a backend wants: rates, exclusions, and errors that are always kept."""

from __future__ import annotations

import uuid
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgi_apimetrics import options
from wsgi_apimetrics.backends.sampling import Selection
from wsgi_apimetrics.backends.selection import SelectionPolicy
from wsgi_apimetrics.exceptions import ConfigurationError, ExchangeDropped
from wsgi_apimetrics.exchange import ErrorRecord, Exchange, Request, Response
from wsgi_apimetrics.stats import DropReason

LOW, HIGH = "00000000-0000-4000-8000-000000000000", "ffffffff-0000-4000-8000-000000000000"


def selection(**given_options) -> Selection:
    known = options.kinds(SelectionPolicy)
    return Selection(options.build(SelectionPolicy, options.read(given_options, known, "Backend")))


def exchange(exchange_id: str = LOW, status: int = 200, **more) -> Exchange:
    return Exchange(
        exchange_id, 0.0, Request("GET", "http", "a", "/users/1"), Response(status), **more
    )


@pytest.mark.parametrize(
    ("given_options", "exchange_id", "route", "status", "failed", "verdict"),
    [
        ({}, HIGH, "/a", 200, False, 1.0),
        ({"sample_rate": 0.5}, LOW, "/a", 200, False, 0.5),
        ({"sample_rate": 0.5}, HIGH, "/a", 200, False, DropReason.SAMPLED),
        ({"sample_rate": 0}, LOW, "/a", 200, False, DropReason.SAMPLED),
        ({"sample_rate": 0, "keep_errors": True}, LOW, "/a", 503, False, 1.0),
        ({"sample_rate": 0, "keep_errors": True}, LOW, "/a", 200, True, 1.0),
        ({"sample_rate": 0, "keep_errors": True}, LOW, "/a", 404, False, DropReason.SAMPLED),
        ({"sample_rates": {"/a*": 0.25}}, LOW, "/abc", 200, False, 0.25),
        ({"sample_rates": {"/a*": 0.25}}, HIGH, "/b", 200, False, 1.0),
        ({"sample_rates": {"2xx": 0}}, LOW, "/a", 204, False, DropReason.SAMPLED),
        ({"sample_rates": {"2xx": 0, 204: 1}}, HIGH, "/a", 204, False, 1.0),
        ({"sample_rates": {"/a": 0, "404": 1}}, HIGH, "/a", 404, False, 1.0),
        ({"exclude_status_codes": [404]}, LOW, "/a", 404, False, DropReason.EXCLUDED),
        ({"exclude_status_codes": ["3xx"]}, LOW, "/a", 304, False, DropReason.EXCLUDED),
        ({"exclude_status_codes": ["5XX"], "keep_errors": True}, LOW, "/a", 500, True,
         DropReason.EXCLUDED),
        ({"exclude_status_codes": [404]}, LOW, "/a", 403, False, 1.0),
    ],
)  # fmt: skip
def test_verdict(given_options, exchange_id, route, status, failed, verdict):
    """Exclusion comes first, then errors on request, then the status's rate, then the route's."""
    chosen = selection(**given_options).judge(exchange_id, route, status, failed=failed)
    assert chosen == verdict


def test_rate_travels_with_the_exchange():
    """A kept exchange carries its rate, so that counts can be scaled back."""
    assert selection(sample_rate=0.5).select(exchange()).sample_rate == 0.5


def test_nothing_to_ask_returns_the_very_exchange():
    """Without any such option an exchange is passed on untouched."""
    it = exchange()
    assert selection().select(it) is it


def test_exclude_is_asked_with_the_exchange():
    """``exclude`` sees the exchange, and its yes leaves it out."""
    chosen = selection(exclude=lambda it: it.request.path == "/users/1")
    with pytest.raises(ExchangeDropped) as caught:
        chosen.select(exchange())
    assert caught.value.reason is DropReason.EXCLUDED


def test_exclude_that_fails_counts_as_a_yes():
    """An ``exclude`` that raises leaves the exchange out: it may have been there for privacy."""
    with pytest.raises(ExchangeDropped) as caught:
        selection(exclude=lambda it: 1 / 0).select(exchange())
    assert caught.value.reason is DropReason.HOOK_FAILED


def test_recorded_error_is_kept_on_request():
    """An exchange with a recorded error counts as failed whatever its status."""
    error = ErrorRecord("E", "", "E", "", "", 0.0)
    kept = selection(sample_rate=0, keep_errors=True).select(exchange(errors=(error,)))
    assert kept.sample_rate == 1.0


@settings(max_examples=25)
@given(st.floats(0.05, 0.95), st.integers(0, 100))
def test_share_that_is_kept_is_the_rate(rate, seed):
    """Over many ids the share is the rate, within five standard deviations."""
    chosen = selection(sample_rate=rate)
    random = Random(seed)
    ids = [str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(2000)]
    kept = sum(chosen.judge(it, "/", 200, failed=False) == rate for it in ids)
    assert abs(kept / 2000 - rate) < 5 * (rate * (1 - rate) / 2000) ** 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample_rate": 2}, {"sample_rate": -0.1}, {"sample_rate": True},
        {"sample_rates": {"/a": 2}}, {"sample_rates": 3}, {"exclude_status_codes": "404"},
        {"exclude_status_codes": [42]}, {"exclude_status_codes": ["4x"]}, {"exclude": 3},
        {"sample_rates": {None: 0.5}},
    ],
)  # fmt: skip
def test_wrong_option_is_named(wrong):
    """A wrong value names its option."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        selection(**wrong)


def test_rates_from_text():
    """In the environment, rates are ``pattern=share`` pairs."""
    known = options.kinds(SelectionPolicy)
    read = options.read_environment({"WSGI_APIMETRICS_SAMPLE_RATES": "/health*=0, 5xx=1"}, known)
    assert read["sample_rates"] == (("/health*", 0.0), ("5xx", 1.0))


def test_an_exchange_that_is_not_wanted_is_dropped_with_the_reason():
    """Also where the verdict comes only with the whole exchange."""
    for options_given, reason in (
        ({"sample_rate": 0}, DropReason.SAMPLED),
        ({"exclude_status_codes": [200]}, DropReason.EXCLUDED),
    ):
        with pytest.raises(ExchangeDropped) as dropped:
            selection(**options_given).select(exchange())
        assert dropped.value.reason is reason


def test_an_id_that_is_none_of_ours_is_kept():
    """Nothing can be drawn from it: an exchange too many is better than one that is missing."""
    judge = selection(sample_rate=0.001).judge
    assert judge("order-7", "/", 200, failed=False) == 0.001
