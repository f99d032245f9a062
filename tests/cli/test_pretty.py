"""JSON for a person: nothing but the space between its parts is changed."""

from __future__ import annotations

import doctest
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics.cli import pretty

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(documents, st.sampled_from([None, 0, 3]), st.booleans())
def test_it_is_what_the_standard_library_would_write(document, indent, ascii_):
    """Of whatever form it came in."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_)
    expected = json.dumps(document, indent=2, ensure_ascii=False)
    # Python writes these characters as they are either way, and we leave what needs no unescaping.
    assert pretty.indented(text) == expected


@pytest.mark.parametrize("number", ["1.10", "1e400", "12345678901234567890.5", "-0.0", "2.50E-3"])
def test_a_number_keeps_its_digits(number):
    """A price of 1.10 is not 1.1, and what no float can hold is not infinite."""
    assert pretty.indented(f"[{number}]") == f"[\n  {number}\n]"


@pytest.mark.parametrize("text", ["", "plain", "{", '{"a": }', "[" * 100_000, "[1] x"])
def test_what_is_no_json_stays_as_it_is(text):
    """However deep it would be."""
    assert pretty.indented(text) == text


def test_the_example_in_the_docstring_runs():
    """The documentation's example is true."""
    assert doctest.testmod(pretty).failed == 0
