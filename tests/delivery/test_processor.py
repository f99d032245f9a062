"""Submitting, batching, outcomes and the account of one backend, without a spool."""

from __future__ import annotations

import gc
import logging
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import until

from delivery.rig import Item, Sink, items, law, pack, prepare, processor, submit
from wsgi_apimetrics.delivery import worker
from wsgi_apimetrics.delivery.buffer import Buffer
from wsgi_apimetrics.delivery.ledger import Ledger
from wsgi_apimetrics.delivery.policy import BatchLimits
from wsgi_apimetrics.delivery.retry import RetryTable
from wsgi_apimetrics.exceptions import ExchangeDropped
from wsgi_apimetrics.payload import Fragment, Outcome
from wsgi_apimetrics.stats import DropReason

# -- batches --------------------------------------------------------------------------------


def test_nothing_starts_at_construction(made):
    """Before the first exchange there is no thread and no transport."""
    sink, before = Sink(), threading.active_count()
    it = made(sink)
    assert (sink.opened, threading.active_count()) == (0, before)
    assert it.flush(1)
    assert it.shutdown(1)
    assert (sink.opened, it.stats().captured) == (0, 0)


def test_full_batch_is_sent_at_once(made):
    """``buffer_length`` exchanges go without waiting for the interval, in order, in one payload."""
    sink = Sink()
    submit(made(sink, buffer_length=10), items(10))
    until(lambda: len(sink.accepted) == 10)
    assert [payload.ids for payload in sink.sent] == [tuple(it.id for it in items(10))]


def test_partly_filled_batch_waits_for_the_interval(made):
    """Fewer than ``buffer_length`` go after ``flush_interval_seconds``, not before."""
    sink = Sink()
    it = made(sink, buffer_length=10, flush_interval_seconds=0.2)
    begun = time.monotonic()
    submit(it, items(3))
    until(lambda: len(sink.accepted) == 3)
    assert 0.2 <= sink.times[0] - begun < 2


def test_batch_grows_to_what_the_backend_takes(made):
    """What gathers while the backend is slow goes in payloads of the backend's size."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink, buffer_length=5, limits=BatchLimits(max_exchanges=30))
    submit(it, items(5))
    until(lambda: sink.sent)
    submit(it, items(90, "y"))
    sink.hang.set()
    assert it.flush(5)
    assert [len(payload) for payload in sink.sent] == [5, 30, 30, 30]


def test_full_payload_is_sent_before_the_batch_is(made):
    """A payload's worth of bytes goes although ``buffer_length`` is not reached, cut to fit."""
    sink = Sink()
    it = made(sink, buffer_length=100, limits=BatchLimits(100, 1000))
    submit(it, items(12, content=b"x" * 100, cost=100))
    until(lambda: len(sink.accepted) >= 10)
    assert all(len(payload.content) <= 1100 for payload in sink.sent)


def test_one_that_is_too_large_goes_without_its_bodies(made):
    """An exchange that alone exceeds the payload is encoded again without bodies, and counted."""
    sink = Sink()
    it = made(sink, limits=BatchLimits(10, 1000))
    it.submit(Item("big", b"x" * 2000))
    assert it.flush(5)
    assert sink.sent[0].content == b"small"
    assert it.stats().omitted_bodies == {"too_large": 1}


def test_one_that_stays_too_large_is_counted(made):
    """What does not fit even without its bodies is dropped as too large, and costs no other."""
    sink = Sink()
    it = made(sink, limits=BatchLimits(10, 4))
    submit(it, [Item("big", b"12345"), Item("fits", b"1234")])
    assert it.flush(5)
    assert it.stats().dropped == {"too_large": 1}
    assert list(sink.accepted) == ["fits"]


# -- one by one -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ExchangeDropped(DropReason.HOOK_DROPPED), "hook_dropped"),
        (ExchangeDropped(DropReason.REDACTION_FAILED, "why"), "redaction_failed"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), "encoding_failed"),
        (RecursionError(), "encoding_failed"),
        (SystemExit(3), "encoding_failed"),
    ],
)
def test_one_that_cannot_be_prepared_costs_no_other(made, error, reason, caplog):
    """Whatever one exchange raises is counted under its reason; the others are delivered."""

    def breaks(item, without_bodies):
        if item.id == "x000001":
            raise error
        return prepare(item, without_bodies)

    sink = Sink()
    it = made(sink, prepare=breaks)
    submit(it, items(3))
    assert it.flush(5)
    assert sorted(sink.accepted) == ["x000000", "x000002"]
    assert it.stats().dropped == {reason: 1}
    assert (reason in caplog.text) is (reason != "hook_dropped")


def test_what_was_not_asked_for_is_told_of_while_it_happens(made, caplog):
    """A backend that gets nothing, as nobody says who called, must not be silent till the end."""

    def drops(item, without_bodies):
        raise ExchangeDropped(DropReason.NO_GROUP, "give grouping_function")

    it = made(Sink(), prepare=drops)
    submit(it, items(3))
    assert it.flush(5)
    assert caplog.text.count("an exchange is not sent (no_group: give grouping_function)") == 1


def test_payload_that_cannot_be_packed_is_halved(made):
    """Where packing fails for one fragment, the others go."""

    def fails(fragments):
        if any(fragment.id == "x000002" for fragment in fragments):
            raise ValueError
        return pack(fragments)

    sink = Sink()
    it = made(sink, pack=fails)
    submit(it, items(5))
    assert it.flush(5)
    assert it.stats().dropped == {"encoding_failed": 1}
    assert len(sink.accepted) == 4


# -- bounds ---------------------------------------------------------------------------------


def test_queue_is_bounded_by_count(made):
    """Beyond ``max_queue_size`` the oldest waiting is dropped and counted."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink, max_queue_size=20, buffer_length=5)
    submit(it, items(5))
    until(lambda: sink.sent)
    submit(it, items(100, "y"))
    stats = it.stats()
    law(stats)
    assert (stats.queue_depth, stats.dropped) == (20, {"queue_full": 85})
    sink.hang.set()
    assert it.flush(5)
    assert max(sink.accepted) == "y000099"


def test_queue_is_bounded_by_bytes(made):
    """Beyond ``max_queue_bytes`` the oldest is dropped, whatever the count."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink, max_queue_bytes=1000, buffer_length=1)
    it.submit(Item("first", cost=100))
    until(lambda: sink.sent)
    submit(it, items(100, cost=100))
    assert it.stats().queue_bytes == 1000
    sink.hang.set()


def test_submitting_does_not_wait_for_the_backend(made):
    """While the backend hangs, 20,000 submissions are over before it has answered once."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink, buffer_length=1)
    submit(it, items(20_000))
    assert (it.stats().captured, it.stats().delivered) == (20_000, 0)
    sink.hang.set()


# -- outcomes -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [408, 425, 429, 500, 503, Outcome(error="reset"), 401, 403])
def test_refusal_that_passes_loses_nothing(made, answer):
    """Retried until the backend takes it, with the same ids."""
    sink = Sink(answer, answer, answer)
    it = made(sink)
    submit(it, items(10))
    assert it.flush(10)
    stats = it.stats()
    assert (stats.delivered, stats.retried, len(sink.sent)) == (10, 30, 4)
    assert set(sink.accepted.values()) == {1}


@pytest.mark.parametrize("status", [400, 413, 422])
def test_batch_is_halved_until_the_refused_one_is_alone(made, status):
    """The one that is refused is set aside with the answer; all others are delivered."""

    def picky(payload):
        return Outcome(status_code=status, error="no") if "x000007" in payload.ids else 200

    sink = Sink(picky)
    it = made(sink)
    submit(it, items(10))
    assert it.flush(5)
    assert (it.stats().delivered, it.stats().dead_lettered) == (9, 1)
    assert "x000007" not in sink.accepted


def test_one_that_is_too_large_for_the_server_is_shrunk(made):
    """A 413 for an exchange alone is answered by sending it without its bodies."""

    def strict(payload):
        return 413 if len(payload.content) > 100 else 200

    sink = Sink(strict)
    it = made(sink)
    submit(it, [*items(3), Item("big", b"x" * 1000)])
    assert it.flush(5)
    assert sorted(sink.accepted) == ["big", "x000000", "x000001", "x000002"]
    assert it.stats().omitted_bodies == {"too_large": 1}


def test_wrong_address_is_believed_at_last(made, caplog):
    """A 404 is tried again after cool-downs, then its exchanges are dead letters."""
    sink = Sink(404, 404, 404)
    it = made(sink)
    submit(it, items(10))
    assert it.flush(5)
    assert (it.stats().dead_lettered, len(sink.sent)) == (10, 3)
    assert any("server" in record.getMessage() for record in caplog.records)


def test_partial_success_is_counted(made):
    """Of an accepted payload, what the backend turned down is counted as dead letters."""
    it = made(Sink(Outcome(status_code=200, rejected=3)))
    submit(it, items(10))
    assert it.flush(5)
    assert (it.stats().delivered, it.stats().dead_lettered) == (7, 3)


def test_retry_after_is_honoured(made):
    """The next try comes no sooner than the backend asked for."""
    sink = Sink(Outcome(status_code=429, retry_after="0.3"))
    it = made(sink)
    submit(it, items(10))
    assert it.flush(5)
    assert sink.times[1] - sink.times[0] >= 0.3


def test_transport_that_raises_or_cannot_be_opened_is_tried_again(made):
    """Contrary to its contract a transport may raise; nothing is lost by it."""
    sink, failures = Sink(), [OSError("no"), OSError("no")]

    def raising(payload):
        if failures:
            raise failures.pop()
        return 200

    def opener():
        if failures:
            raise failures.pop()
        return sink

    sink.answers = [raising]
    it = made(opener)
    submit(it, items(10))
    assert it.flush(5)
    assert it.stats().delivered == 10


def test_log_lines_name_the_backend_once_a_minute_and_no_answer(made, caplog):
    """A cause is logged once, names the backend and what to do, and quotes no answer."""
    sink = Sink(*[Outcome(status_code=401, error="SECRET")] * 5)
    it = made(sink)
    submit(it, items(10))
    assert it.flush(5)
    lines = [record.getMessage() for record in caplog.records if "key" in record.getMessage()]
    assert len(lines) == 1
    assert "rig" in lines[0]
    assert "SECRET" not in caplog.text
    assert "SECRET" not in (it.stats().last_error or "")


# -- flush and shutdown ---------------------------------------------------------------------


def test_flush_says_when_it_was_in_vain(made):
    """With a hanging backend ``flush`` ends by its deadline and says no; later it says yes."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink)
    submit(it, items(3))
    begun = time.monotonic()
    assert not it.flush(0.2)
    assert 0.2 <= time.monotonic() - begun < 1
    sink.hang.set()
    assert it.flush(5)


def test_flush_does_not_wait_for_what_will_not_be_tried(made):
    """In a cool-down that outlasts the time given, ``flush`` says no at once."""
    sink = Sink(401)
    it = made(sink, retries=RetryTable())
    submit(it, items(10))
    until(lambda: it.stats().last_error)
    begun = time.monotonic()
    assert not it.flush(10)
    assert time.monotonic() - begun < 2


def test_flush_under_load_waits_only_for_what_came_before(made):
    """While others go on submitting, ``flush`` ends."""
    it, stop = made(Sink()), threading.Event()

    def load():
        while not stop.wait(0.001):
            it.submit(Item("y"))

    thread = threading.Thread(target=load)
    thread.start()
    try:
        submit(it, items(50))
        assert it.flush(5)
    finally:
        stop.set()
        thread.join()


def test_shutdown_counts_what_is_left_and_is_idempotent(made, caplog):
    """What did not go out by the deadline is counted, said in the log, and said again."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink)
    submit(it, items(15))
    assert not it.shutdown(0.2)
    assert it.stats().dropped == {"shutdown": 15}
    assert not it.shutdown(0.2)
    it.submit(Item("late"))
    assert it.stats().dropped == {"shutdown": 16}
    assert "15 shutdown" in caplog.text
    sink.hang.set()
    until(lambda: sink.closed)
    law(it.stats())


def test_shutdown_tries_once_more_during_a_back_off(made):
    """A back-off of our own making ends at shutdown: there will be no later."""
    sink = Sink(503)
    slow = RetryTable(first_wait_seconds=1000, backoff_cap_seconds=1000)
    it = made(sink, retries=slow)
    submit(it, items(10))
    until(lambda: it.stats().last_error)
    assert it.shutdown(5)
    assert it.stats().delivered == 10


def test_processor_that_is_let_go_sends_what_it_has():
    """A middleware that is forgotten leaves no thread behind, and loses nothing."""
    sink = Sink()
    it = processor(sink)
    submit(it, items(3))
    del it
    gc.collect()
    until(lambda: len(sink.accepted) == 3 and sink.closed)


def test_hurry_sends_without_being_waited_for(made):
    """``hurry`` has a partly filled batch sent and returns at once; later ones gather again."""
    sink = Sink()
    it = made(sink)
    submit(it, items(3))
    it.hurry()
    until(lambda: len(sink.accepted) == 3)
    submit(it, items(3, "y"))
    assert not it._worker.pipeline._hurries()


def test_hook_that_flushes_does_not_wait_for_itself(made):
    """``flush`` from inside the worker says no instead of waiting for its own thread."""
    answers = []

    def hook(item, without_bodies):
        answers.append(it.flush(5))
        return prepare(item, without_bodies)

    it = made(Sink(), prepare=hook)
    it.submit(Item("x"))
    assert it.flush(5)
    assert answers == [False]


def test_unwanted_exchange_is_counted(made):
    """What this backend is not to have counts as captured and dropped, with the reason."""
    it = made(Sink())
    it.drop(DropReason.NO_GROUP)
    assert (it.stats().captured, it.stats().dropped) == (1, {"no_group": 1})


# -- without a worker -------------------------------------------------------------------------


def test_without_a_worker_the_submitting_thread_sends(made):
    """A full batch is delivered when ``submit`` returns, by the thread that called it."""
    sink = Sink()
    it = made(sink, background_worker_mode=False, buffer_length=2)
    submit(it, items(5))
    assert len(sink.accepted) == 4
    assert sink.threads == {threading.current_thread().name}
    assert it.flush(5)
    assert len(sink.accepted) == 5


def test_without_a_worker_there_is_one_attempt(made):
    """A refusal is not waited out: the exchanges are kept for a later submission."""
    sink = Sink(503)
    it = made(sink, background_worker_mode=False, buffer_length=1)
    it.submit(Item("a"))
    assert (len(sink.sent), it.stats().queue_depth) == (1, 1)
    assert it.flush(5)
    assert it.stats().delivered == 1


# -- the law ----------------------------------------------------------------------------------

answers = st.lists(
    st.sampled_from([200, 200, 400, 401, 404, 413, 429, 500, Outcome(error="x"),
                     Outcome(status_code=200, rejected=2)]), max_size=12,
)  # fmt: skip


@settings(max_examples=15)
@given(answers, st.lists(st.integers(0, 40), max_size=5), st.integers(1, 12), st.integers(5, 60))
def test_law_holds_at_any_moment(script, bursts, buffer_length, max_queue_size):
    """Whatever the backend answers, the account adds up at every look, and nothing goes twice."""
    sink = Sink(*script)
    fast = RetryTable(first_wait_seconds=0.001, first_cool_down_seconds=0.001,
                      backoff_cap_seconds=0.002)  # fmt: skip
    it = processor(
        sink, retries=fast, buffer_length=buffer_length, max_queue_size=max_queue_size,
        limits=BatchLimits(7, 10_000),
    )  # fmt: skip
    for number, burst in enumerate(bursts):
        submit(it, items(burst, f"{number}-"))
        law(it.stats())
    it.shutdown(5)
    law(it.stats())
    stats = it.stats()
    assert stats.captured == sum(bursts)
    assert set(sink.accepted.values()) <= {1}
    assert stats.queue_depth == 0


def test_many_threads_submit(made):
    """Eight threads at once: every exchange is delivered exactly once."""
    sink = Sink()
    it = made(sink)
    threads = [
        threading.Thread(target=submit, args=(it, items(500, f"{number}-"))) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert it.flush(10)
    assert len(sink.accepted) == 4000
    assert set(sink.accepted.values()) == {1}


def test_fragment_keeps_its_id(made):
    """The id on the wire is the exchange's own, the same on every try."""
    sink = Sink(500)
    it = made(sink, prepare=lambda item, _: Fragment(item.id, b""))
    submit(it, items(10))
    assert it.flush(5)
    assert sink.sent[0].ids == sink.sent[1].ids


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.WARNING, "wsgi_apimetrics")


# -- at the edges ---------------------------------------------------------------------------


def test_an_answer_after_the_end_changes_no_count(made):
    """Whatever it is: what was on its way has been counted as given up."""
    for answer in (200, 400):
        sink = Sink(answer)
        sink.hang.clear()
        it = made(sink)
        it.submit(Item("late"))
        it.hurry()
        until(lambda: sink.sent)  # noqa: B023 - at once
        (thread,) = it._worker._threads
        assert not it.shutdown(0)
        sink.hang.set()
        thread.join(10)
        assert it.stats().dropped == {"shutdown": 1}
        assert (it.stats().delivered, it.stats().dead_lettered) == (0, 0)


def test_a_transport_that_raises_is_asked_again(made):
    """The error's kind is told, and that the payload may have arrived."""
    failing = [OSError("secret"), OSError("secret")]

    def answer(payload):
        if failing:
            raise failing.pop()
        return 200

    sink = Sink(answer)
    it = made(sink)
    it.submit(Item("a"))
    assert it.flush(5)
    assert (len(sink.sent), it.stats().retried) == (3, 2)
    assert "OSError" in it.stats().last_error
    assert "secret" not in it.stats().last_error


def test_without_a_thread_to_be_had_exchanges_wait_for_the_next(made, monkeypatch):
    """A process may be at its limit of threads for a while."""
    sink = Sink()
    it = made(sink)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", refuse)
        it.submit(Item("a"))
    assert it.stats().queue_depth == 1
    it.submit(Item("b"))
    assert it.flush(5)
    assert list(sink.accepted) == ["a", "b"]


def test_without_a_worker_a_request_waits_no_longer_than_one_call_may_take(made):
    """While another request's thread is sending; the exchange goes with the next."""
    sink = Sink()
    sink.hang.clear()
    it = made(sink, background_worker_mode=False, buffer_length=1, timeout=0.05)
    other = threading.Thread(target=it.submit, args=(Item("a"),))
    other.start()
    until(lambda: sink.sent)
    begun = time.monotonic()
    it.submit(Item("b"))
    assert time.monotonic() - begun >= 0.05
    assert len(sink.sent) == 1
    sink.hang.set()
    other.join()
    assert it.flush(5)
    assert list(sink.accepted) == ["a", "b"]


@pytest.mark.parametrize("odd", [None, Fragment("odd", "a text"), Fragment("odd", None)])
def test_an_encoder_that_breaks_its_promise_costs_its_exchange_alone(made, odd):
    """What it returns is no fragment: counted, and the next goes out."""
    sink = Sink()
    it = made(
        sink,
        buffer_length=1,
        prepare=lambda item, without: odd if item.id == "odd" else prepare(item, without),
    )
    submit(it, [Item("odd"), Item("fine")])
    assert it.flush(5)
    assert list(sink.accepted) == ["fine"]
    assert it.stats().dropped == {"encoding_failed": 1}


def test_a_transport_that_breaks_its_promise_loses_nothing(made, caplog):
    """What it returns says nothing: the exchange is tried again."""

    class Odd(Sink):
        def send(self, payload):
            return super().send(payload) if self.sent else self.sent.append(payload)

    sink = Odd()
    it = made(sink, buffer_length=1)
    it.submit(Item("a"))
    until(lambda: list(sink.accepted) == ["a"])
    assert "the transport returned NoneType" in caplog.text


def test_a_fault_in_the_worker_is_told_and_does_not_end_it(made, monkeypatch, caplog):
    """Whatever it is: here the looking for the time."""
    monkeypatch.setattr(worker, "_PAUSE_AFTER_FAULT", 0.0)
    sink = Sink()
    it = made(sink, buffer_length=1)
    it.submit(Item("a"))
    until(lambda: list(sink.accepted) == ["a"])
    with monkeypatch.context() as patch:
        patch.setattr(it._worker.pipeline, "turn", lambda: 1 / 0)
        it.submit(Item("b"))
        until(lambda: "rig: ZeroDivisionError in the worker" in caplog.text)
    until(lambda: list(sink.accepted) == ["a", "b"])


def test_a_worker_that_finds_enough_does_not_sleep():
    """What came between its looking and its sleeping rang no bell."""
    ledger = Ledger()
    buffer = Buffer(ledger, 10, 1000)
    buffer.append(Item("a", cost=100))
    buffer.sleep(None, 1, 1000)
    buffer.sleep(None, 2, 100)
    assert [item.id for item in buffer.take(5, 1000)] == ["a"]
