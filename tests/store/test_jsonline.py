"""A line gives back the exchange that it was made of."""

from __future__ import annotations

import doctest
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import an_exchange, exchanges, redacted_exchanges, redactions

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.encoding import local
from wsgi_apimetrics.encoding.local import LocalEncoder


@given(exchanges, st.lists(redactions, max_size=3).map(tuple))
def test_a_line_is_lossless(exchange, taken_out):
    """Whatever is in an exchange comes back: binary bodies, lone surrogates, errors, groups."""
    stored = jsonline.loads(jsonline.dumps(exchange, taken_out))
    assert (stored.exchange, stored.redactions) == (exchange, taken_out)


@given(st.lists(redacted_exchanges, max_size=3))
def test_a_payload_is_lines(several):
    """Packed exchanges are one line each, in their order, with their ids."""
    encoder = LocalEncoder()
    payload = encoder.pack([encoder.encode(one) for one in several])
    assert payload.ids == tuple(one.id for one in several)
    back = [jsonline.loads(line) for line in payload.content.splitlines()]
    assert [one.redactions for one in back] == [one.redactions for one in several]
    assert [one.exchange.request for one in back] == [one.request for one in several]


@pytest.mark.parametrize("odd", [{1, 2}, object(), float("nan"), b"x"])
def test_a_path_parameter_that_json_lacks_is_written_as_text(odd):
    """The line is standard JSON all the same."""
    line = jsonline.dumps(an_exchange(path_params={"a": odd, "b": [1, {"c": odd}]}))
    plain = json.loads(line, parse_constant=lambda _: pytest.fail("not JSON"))
    assert plain["path_params"] == {"a": str(odd), "b": [1, {"c": str(odd)}]}


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b"{}", b"[]", b"7", b'{"request": 1, "response": 2, "timings": 3}']
)
def test_what_is_no_exchange_is_a_value_error(line):
    """Reading names the trouble and raises nothing else."""
    with pytest.raises(ValueError, match=r"not an exchange|Expecting|JSON"):
        jsonline.loads(line)


def test_bad_base64_is_a_value_error():
    """A body that can't be decoded makes the line no exchange."""
    plain = json.loads(jsonline.dumps(an_exchange()))
    plain["request"]["body"] = {"base64": "!"}
    with pytest.raises(ValueError, match="base64"):
        jsonline.loads(json.dumps(plain))


def test_the_example_in_the_docstring_runs():
    """The documentation's example is true."""
    assert doctest.testmod(local).failed == 0


def test_a_path_parameter_that_is_a_number_stays_one():
    """As a framework's converter made it."""
    params = {"id": 7, "latitude": 60.5, "exact": True, "none": None}
    assert jsonline.loads(jsonline.dumps(an_exchange(path_params=params))).exchange.path_params == (
        params
    )
