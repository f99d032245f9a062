"""ReadMe's logs: the vendor's field table, any exchange, both ways to quote a body."""

from __future__ import annotations

import json
import sys
from json.encoder import encode_basestring

import pytest
from har_schema import check_log
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import an_exchange, any_text, redacted_exchanges

from wsgi_apimetrics import __version__
from wsgi_apimetrics.encoding import Encoder
from wsgi_apimetrics.encoding import json as wire_json
from wsgi_apimetrics.encoding.readme import ReadMeEncoder
from wsgi_apimetrics.exceptions import ExchangeDropped
from wsgi_apimetrics.exchange import Body, Group, Response
from wsgi_apimetrics.stats import DropReason

encoder: Encoder = ReadMeEncoder()


def log_of(exchange, encoder=encoder):
    """Return the log as ReadMe would parse it, shown to be valid."""
    log = json.loads(encoder.encode(exchange).content)
    check_log(log)
    return log


@given(redacted_exchanges)
@settings(max_examples=60)
def test_any_exchange_is_a_valid_log(exchange):
    """Whatever was captured: JSON, HAR 1.2 and the vendor's required fields."""
    log = log_of(exchange)
    assert log["_id"] == exchange.id
    assert log["group"]["id"] == exchange.group.id
    assert log["clientIPAddress"] == exchange.request.client_address


def test_the_envelope():
    """The fields around the HAR document."""
    log = log_of(an_exchange())
    document = log.pop("request")["log"]
    assert log == {
        "_id": "00000000-0000-4000-8000-000000000007",
        "_version": 3,
        "group": {"id": "sha512-x?1234", "label": "Ada", "email": "ada@example.com"},
        "clientIPAddress": "203.0.113.9",
        "development": False,
    }
    assert document["version"] == "1.2"
    assert "wsgi-apimetrics" in document["creator"]["name"]
    assert "readme-metrics (python)" in document["creator"]["name"]
    assert document["creator"]["version"] == __version__


def test_development_is_always_said():
    """The server takes a missing ``development`` for true."""
    log = log_of(an_exchange(), ReadMeEncoder(development=True))
    assert log["development"] is True


def test_what_the_grouping_function_did_not_say_is_not_sent():
    """``label`` and ``email`` are optional; null is not text."""
    assert log_of(an_exchange(group=Group("k")))["group"] == {"id": "k"}


def test_without_a_group_there_is_no_log():
    """ReadMe requires ``group.id``: the exchange is dropped, with that reason."""
    with pytest.raises(ExchangeDropped) as caught:
        encoder.encode(an_exchange(group=None))
    assert caught.value.reason is DropReason.NO_GROUP
    assert "give grouping_function" in caught.value.detail


@given(st.lists(redacted_exchanges, min_size=1, max_size=3))
@settings(max_examples=15)
def test_a_payload_is_an_array_of_its_logs(exchanges):
    """Packing joins what was encoded, in order."""
    fragments = [encoder.encode(exchange) for exchange in exchanges]
    payload = encoder.pack(fragments)
    assert payload.content_type == "application/json"
    assert payload.ids == tuple(exchange.id for exchange in exchanges)
    assert json.loads(payload.content) == [json.loads(piece.content) for piece in fragments]


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\x1f\x7f", "é€😀", '"\\/', "\u2028"])
def test_any_text_survives(text):
    """Lone surrogates, NULs and control characters come out as they went in."""
    group = Group(text, text, text)
    response = Response(200, "OK", (("X", text),), Body(content_type=text))
    log = log_of(an_exchange(group=group, response=response))
    assert log["group"]["label"] == text
    assert log["request"]["log"]["entries"][0]["response"]["headers"][0]["value"] == text


# -- the two ways to quote a body -----------------------------------------------------------


def quoted(quote, text):
    """What comes of it; ``None`` where the text has no UTF-8."""
    try:
        return quote(text)
    except UnicodeEncodeError:
        return None


@given(any_text)
@example("half a character: \ud800")
def test_both_ways_to_quote_a_body_agree(text):
    """Orjson and the standard library give the same bytes, and refuse the same texts."""
    fast = wire_json._UTF8.body
    assert fast is not wire_json._quote_plainly, "orjson belongs to the tests' packages"
    assert quoted(fast, text) == quoted(wire_json._quote_plainly, text)


@given(redacted_exchanges)
@settings(max_examples=40)
def test_the_speed_extra_changes_no_log(exchange):
    """With and without orjson the logs are the same, byte for byte."""
    fast = encoder.encode(exchange)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            wire_json, "_UTF8", wire_json.Quotes(encode_basestring, wire_json._quote_plainly)
        )
        assert encoder.encode(exchange) == fast


def test_without_the_speed_extra_the_standard_library_quotes(monkeypatch):
    """The extra is optional."""
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert wire_json._fastest() is wire_json._quote_plainly
