"""What a body's recorder holds on to: the chunks themselves, or few of their bytes."""

from __future__ import annotations

import sys
import tracemalloc

import pytest

from wsgi_apimetrics.capture.body import BodyRecorder, InputRecorder


def held(recorder, chunks):
    """Return which of the chunks, from the first, are kept as the very objects that came."""
    kept = []
    for number, chunk in enumerate(chunks):
        before = sys.getrefcount(chunk)
        recorder.add(chunk)
        if sys.getrefcount(chunk) > before:
            kept.append(number)
    return kept


def chunks_of(*sizes):
    return [bytes([number % 256]) * size for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([100_000], [0]),
        ([10, 20, 30], [0, 1, 2]),
        ([10] * 70, list(range(64))),
        ([10] * 64 + [513], [*range(65)]),
        ([10] * 64 + [512], [*range(64)]),
        ([10] * 64 + [513] + [10] * 5, [*range(65)]),
        ([10] * 65 + [513, 9000, 513], [*range(64), 67]),
        ([10] * 64 + [512] * 16 + [513], [*range(64), 80]),
        ([10] * 64 + [512] * 15 + [511, 513], [*range(64)]),
        ([513] * 70, list(range(70))),
    ],
)
@pytest.mark.parametrize("spare", [0, 1, 1_000_000])
def test_chunks_are_kept_as_they_came_until_they_are_many_and_small(sizes, kept, spare):
    """No byte is copied of a large one, unless it comes behind a small one that is to be joined."""
    recorder = BodyRecorder(sum(sizes) + spare)
    chunks = chunks_of(*sizes)
    assert held(recorder, chunks) == kept
    assert recorder.kept == b"".join(chunks)
    assert (recorder.size, len(recorder)) == (sum(sizes), sum(sizes))


def test_a_body_in_tiny_chunks_costs_hardly_more_than_its_bytes():
    """An object for each would cost 33 bytes more for every byte."""
    recorder = BodyRecorder(1_000_000)
    tracemalloc.start()
    try:
        for _ in range(50_000):
            recorder.add(b"x" + b"yz"[:1])
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert recorder.size == 100_000
    assert size < 150_000


@pytest.mark.parametrize(
    ("room", "sizes", "kept", "size"),
    [
        (0, [3], 0, 3), (3, [3], 3, 3), (3, [4], 3, 4), (3, [2, 2], 3, 4), (3, [3, 1, 1], 3, 5),
        (3, [1, 1, 1, 0, 1], 3, 4), (100, [1] * 99, 99, 99), (100, [1] * 101, 100, 101),
        (100, [99, 5, 7], 100, 111), (0, [], 0, 0), (10_000, [600] * 20, 10_000, 12_000),
    ],
)  # fmt: skip
def test_the_beginning_is_kept_and_all_is_counted(room, sizes, kept, size):
    """However it comes."""
    recorder = BodyRecorder(room)
    chunks = chunks_of(*sizes)
    for chunk in chunks:
        recorder.add(chunk)
    content, counted, touched = recorder.recorded()
    assert (content, counted, touched) == (b"".join(chunks)[:kept], size, True)
    assert recorder.recorded().truncated is (size > kept)
    assert len(recorder) == kept
    whole = recorder.settled()
    assert (whole == content) if len(sizes) < 2 and size == kept else whole is recorder


def test_what_is_left_out_is_let_go_of_and_counted_on():
    """A type that is not to be kept may be told late."""
    recorder = BodyRecorder(100)
    for chunk in chunks_of(*[10] * 70, 50):
        recorder.add(chunk)
    recorder.leave_out()
    recorder.add(b"more")
    assert recorder.recorded() == (b"", 754, True)
    assert len(recorder) == 0
    assert recorder.settled() is recorder


@pytest.mark.parametrize("odd", ["text", 3, None, [b"a"]])
def test_what_is_no_body_is_not_taken_for_one(odd):
    """The server says so, not we."""
    recorder = BodyRecorder(10)
    recorder.add(odd)
    recorder.add(bytearray(b"ab"))
    recorder.add(memoryview(b"cd"))
    assert recorder.recorded() == (b"abcd", 4, True)


def test_what_may_change_later_is_copied():
    """A server's buffer is used again."""
    recorder, buffer = BodyRecorder(10), bytearray(b"ab")
    recorder.add(buffer)
    buffer[:] = b"xy"
    assert recorder.kept == b"ab"


@pytest.mark.parametrize(
    ("reads", "kept", "moved"),
    [
        ([(0, b"ab"), (0, b"cd")], b"abcd", 0),
        ([(0, b"abcd"), (-4, b"ab"), (0, b"cdef")], b"abcdef", 0),
        ([(0, b"abcd"), (-2, b"c")], b"abcd", -1),
        ([(0, b"ab"), (2, b"ef")], b"ab", 4),
        ([(0, b"ab"), (2, b""), (-2, b"cd")], b"abcd", 0),
        ([(0, b"ab"), (-1, "text")], b"ab", -1),
    ],
)
def test_what_is_read_again_is_recorded_once(reads, kept, moved):
    """And what comes behind a gap is no beginning."""
    recorder = InputRecorder(100)
    assert recorder.recorded().touched is False
    for move, data in reads:
        recorder.moved += move
        recorder.add_read(data)
    assert recorder.recorded() == (kept, len(kept), True)
    assert recorder.moved == moved
