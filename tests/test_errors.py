"""Errors become bounded text, with the root of their chain, and no frame stays alive."""

from __future__ import annotations

import doctest
import gc
import time
import weakref

import pytest

from wsgi_apimetrics import current as current_module
from wsgi_apimetrics import errors, trace
from wsgi_apimetrics.current import RECORD_KEY, current
from wsgi_apimetrics.errors import MAX_MESSAGE, MAX_STACK_TRACE, error_record, report_error


class Serving:
    """An exchange under way."""

    id = trace_id = "1"

    def __init__(self):
        self.errors = ()

    def add_error(self, record):
        self.errors = (*self.errors, record)


@pytest.fixture
def serving():
    exchange = Serving()
    token = current.set(exchange)
    yield exchange
    current.reset(token)


def raised(function, *args):
    with pytest.raises(BaseException) as caught:
        function(*args)
    return caught.value


def chained(suppress=False):
    try:
        try:
            {}["key"]
        except KeyError as error:
            raise OSError("disk") from (None if suppress else error)
    except OSError:
        raise ValueError("last")


def test_the_root_is_found_along_cause_and_context():
    """ValueError while handling OSError, itself from KeyError: the KeyError is the root."""
    record = error_record(raised(chained), 5.0)
    assert (record.type, record.message) == ("ValueError", "last")
    assert (record.root_type, record.root_message) == ("KeyError", "'key'")
    assert record.when == 5.0
    positions = [record.stack_trace.index(name) for name in ("KeyError", "OSError", "ValueError")]
    assert positions == sorted(positions)
    assert "chained" in record.stack_trace


def test_a_suppressed_context_is_not_the_root():
    """``raise ... from None`` ends the chain there, as in a printed traceback."""
    assert error_record(raised(chained, True), 0).root_type == "OSError"


def test_a_circle_ends():
    """A chain that leads back to itself is walked once."""
    one, two = ValueError("one"), TypeError("two")
    one.__context__, two.__context__ = two, one
    assert error_record(one, 0).root_message == "two"


def test_types_are_named_with_their_module():
    """A built-in exception by its name, any other fully qualified, as OpenTelemetry asks."""
    assert error_record(doctest.UnexpectedException(None, None, None), 0).type == (
        "doctest.UnexpectedException"
    )


def test_an_exception_that_cannot_be_printed_is_recorded():
    """A failing ``__str__`` costs the message, not the record."""

    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError

    try:
        raise ValueError from Hostile()
    except ValueError as error:
        record = error_record(error, 0)
    assert record.root_type.endswith("Hostile")
    assert "failed" in record.root_message


def test_text_is_bounded_and_keeps_both_ends():
    """A message of a megabyte and a deep recursion stay within their limits."""

    def deep(depth):
        if depth:
            deep(depth - 1)
        raise ValueError("x" * 1_000_000)

    record = error_record(raised(deep, 200), 0)
    assert len(record.message) <= MAX_MESSAGE
    assert len(record.stack_trace) <= MAX_STACK_TRACE
    assert record.stack_trace.startswith("Traceback")


def test_no_frame_stays_alive():
    """Once recorded, the exception and what its frames held can go."""

    class Big:
        pass

    def fail():
        big = Big()
        seen.append(weakref.ref(big))
        raise ValueError

    seen = []
    record = error_record(raised(fail), 0)
    gc.collect()
    assert record.type == "ValueError"
    assert seen[0]() is None


def test_any_number_can_be_reported_from_anywhere(serving):
    """``report_error(error)`` finds the request that this context serves."""
    before = time.time()
    assert report_error(ValueError("1"))
    assert report_error(TypeError("2"))
    assert [record.message for record in serving.errors] == ["1", "2"]
    assert before <= serving.errors[0].when <= time.time()


class Request:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


@pytest.mark.parametrize("name", ["environ", "env", "META"])
def test_every_frameworks_request_leads_to_its_exchange(name):
    """By the environ that it carries, without a context variable."""
    exchange = Serving()
    assert report_error(Request(**{name: {RECORD_KEY: exchange}}), ValueError("x"))
    assert report_error({RECORD_KEY: exchange}, ValueError("y"))
    assert [record.message for record in exchange.errors] == ["x", "y"]


def test_a_request_of_unknown_make_means_the_current_exchange(serving):
    """What has no environ is taken as a word for "this request"."""
    assert report_error(object(), ValueError("x"))
    assert len(serving.errors) == 1


def test_outside_any_request_nothing_happens():
    """There is no exchange to link it to, and nothing is raised."""
    assert not report_error({}, ValueError("x"))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ],
)
def test_an_invalid_traceparent_begins_a_trace_of_its_own(header):
    """Trace Context, section 3.2.2: whoever gets an invalid one starts anew."""
    assert trace.trace_of(header, "7a3c1c1e-93b4-4a5f-8d3e-0123456789ab") == (
        "7a3c1c1e93b44a5f8d3e0123456789ab",
        None,
    )


def test_a_traceparent_of_a_later_version_is_read_by_its_first_fields():
    """Trace Context, section 4.1: a higher version may add fields."""
    header = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"
    assert trace.trace_of(header, "1").parent_span_id == "b7ad6b7169203331"


@pytest.mark.parametrize("module", [errors, trace, current_module])
def test_the_examples_run(module):
    """The docstrings' examples give what they say."""
    assert doctest.testmod(module).failed == 0
