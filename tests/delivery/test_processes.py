"""Forks: each process sends its own, once, whatever the parent was doing when it forked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from delivery.rig import Sink, items, law, processor

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(work) -> dict:
    """Fork, run ``work`` in the child, and return what it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    assert told, "the child hung or failed"
    return json.loads(told)


def test_child_sends_its_own_and_nothing_of_the_parents():
    """After a fork the queue begins empty: the parent's exchanges stay the parent's."""
    sink = Sink()
    it = processor(sink)
    for item in items(5, "parent"):
        it.submit(item)

    def child():
        for item in items(7, "child"):
            it.submit(item)
        flushed = it.flush(5)
        law(it.stats())
        return {"flushed": flushed, "sent": sorted(sink.accepted), "captured": it.stats().captured}

    told = in_child(child)
    assert told["flushed"]
    assert (told["captured"], len(told["sent"])) == (7, 7)
    assert it.flush(5)
    assert sorted(sink.accepted) == sorted(item.id for item in items(5, "parent"))
    assert it.shutdown(1)


def test_child_opens_its_own_transport():
    """The child makes a transport of its own and does not close the parent's."""
    sink = Sink()
    it = processor(sink)
    it.submit(items(1)[0])
    assert it.flush(5)

    def child():
        it.submit(items(1)[0])
        it.flush(5)
        return {"opened": sink.opened, "closed": sink.closed}

    assert in_child(child) == {"opened": 2, "closed": 0}
    it.shutdown(1)


def test_fork_while_every_lock_is_held():
    """A child never waits for a lock that a thread of the parent held at the fork."""
    sink = Sink()
    it = processor(sink, buffer_length=1)
    it.submit(items(1)[0])
    assert it.flush(5)
    worker = it._worker
    held = threading.Event()
    done = threading.Event()

    def hold():
        with worker._starting, worker._sending, worker.pipeline.ledger.lock:
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)

    def child():
        it.submit(items(1, "child")[0])
        return {"flushed": it.flush(5), "before": it.stats().captured}

    try:
        assert in_child(child) == {"flushed": True, "before": 1}
    finally:
        done.set()
        thread.join()
    it.shutdown(1)


def test_fork_after_shutdown_begins_anew():
    """What the parent shut down is open again in a child."""
    sink = Sink()
    it = processor(sink)
    it.submit(items(1)[0])
    it.shutdown(5)

    def child():
        it.submit(items(1)[0])
        return {"flushed": it.flush(5), "delivered": it.stats().delivered}

    assert in_child(child) == {"flushed": True, "delivered": 1}


def test_grandchild_is_a_process_of_its_own_too():
    """Forks of forks, each with exchanges before and after, as a job runner does it."""
    sink = Sink()
    it = processor(sink)

    def child():
        it.submit(items(1)[0])
        it.flush(5)
        below = in_child(grandchild)
        it.submit(items(1)[0])
        return {"flushed": it.flush(5), "mine": it.stats().delivered, "below": below}

    def grandchild():
        it.submit(items(1)[0])
        return {"flushed": it.flush(5), "mine": it.stats().delivered}

    told = in_child(child)
    assert told == {"flushed": True, "mine": 2, "below": {"flushed": True, "mine": 1}}


# -- exits, in processes of their own ---------------------------------------------------------

SCRIPT = """
    import os, sys, threading, time
    sys.path.insert(0, {tests!r})
    from delivery.rig import Sink, items, processor
    from waiting import until

    class Telling(Sink):
        def send(self, payload):
            outcome = super().send(payload)
            os.write(1, f"sent {{len(payload)}}\\n".encode())
            return outcome

    sink = Telling()
"""


def script(body: str) -> str:
    """Return a whole script of ``body``."""
    return textwrap.dedent(SCRIPT.format(tests=str(ROOT / "tests"))) + textwrap.dedent(body)


def run(body: str, timeout: float = 30.0) -> tuple[subprocess.CompletedProcess, int]:
    """Run a script; return its end, and how many exchanges it said it had sent."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script(body)], capture_output=True, text=True,
        timeout=timeout, check=False, cwd=ROOT,
    )  # fmt: skip
    sent = sum(int(line[5:]) for line in ended.stdout.splitlines() if line.startswith("sent "))
    return ended, sent


@pytest.mark.parametrize(
    "end",
    ["", "sys.exit(3)", "raise RuntimeError", "threading.Timer(0.1, print).start()"],
)
def test_what_is_queued_goes_out_at_exit(end):
    """However the interpreter ends, the queue is sent by the thread that is there."""
    ended, sent = run(f"it = processor(sink)\nfor x in items(5): it.submit(x)\n{end}")
    assert sent == 5, ended
    assert "can't create new thread" not in ended.stderr


def test_exit_with_a_hanging_backend_keeps_its_deadline():
    """The process ends within ``shutdown_timeout``, and says what it could not send."""
    ended, sent = run("""
        import atexit
        begun = []
        sink.hang.clear()
        it = processor(sink, shutdown_timeout=0.5)
        for x in items(15): it.submit(x)
        until(lambda: sink.sent)
        begun.append(time.monotonic())
        def told():
            print("took", time.monotonic() - begun[0], flush=True)
        from wsgi_apimetrics.delivery import exits
        atexit.unregister(exits._at_exit)
        atexit.register(told)  # the last registered runs first
        atexit.register(exits._at_exit)
    """)
    assert (ended.returncode, sent) == (0, 0), ended
    took = float(ended.stdout.split("took ")[1])
    assert 0.4 <= took < 1.5
    assert "15 shutdown" in ended.stderr


def test_several_hanging_backends_share_the_deadline():
    """Three backends that hang cost the exit one deadline, not three."""
    ended, _ = run("""
        sink.hang.clear()
        several = [processor(sink, shutdown_timeout=0.5) for _ in range(3)]
        for it in several:
            for x in items(15): it.submit(x)
        import atexit
        from wsgi_apimetrics.delivery import exits
        begun = time.monotonic()
        exits._at_exit()
        print("took", time.monotonic() - begun, flush=True)
    """)
    assert float(ended.stdout.split("took ")[1]) < 1.2, ended


def test_exit_without_a_worker_sends_on_the_main_thread():
    """With ``background_worker_mode=False`` the exit sends what is left, and starts no thread."""
    ended, sent = run("""
        it = processor(sink, background_worker_mode=False)
        for x in items(5): it.submit(x)
    """)
    assert (sent, ended.stderr) == (5, "")


def test_submission_during_exit_is_sent_or_counted_without_an_error():
    """An exchange captured by another exit handler does not raise and starts no thread."""
    ended, _ = run("""
        import atexit
        it = processor(sink)
        def late():
            it.submit(items(1)[0])
            print("stats", sum(it.stats().dropped.values()) + it.stats().queue_depth
                  + it.stats().delivered, it.stats().captured, flush=True)
        atexit.register(late)
    """)
    assert "stats 1 1" in ended.stdout, ended
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_of_multiprocessing_sends_at_its_end(method, tmp_path):
    """Such a child ends by ``os._exit``, without atexit; what it captured goes out all the same."""
    main = tmp_path / "main.py"
    main.write_text(
        script(f"""
        import multiprocessing
        it = processor(sink)

        def work():
            for x in items(4): it.submit(x)

        if __name__ == "__main__":
            for x in items(3): it.submit(x)
            it.flush(5)
            child = multiprocessing.get_context({method!r}).Process(target=work)
            child.start()
            child.join()
            sys.exit(child.exitcode)
        """)
    )
    ended = subprocess.run(
        [sys.executable, str(main)], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 0, ended
    assert sorted(ended.stdout.splitlines()) == ["sent 3", "sent 4"], ended


def test_no_signal_handler_is_installed():
    """Signals are the app's and the server's business."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    it = processor(Sink())
    it.submit(items(1)[0])
    it.flush(5)
    assert before == {number: signal.getsignal(number) for number in before}
    it.shutdown(1)


def test_gevent_monkey_patched_delivers_at_exit():
    """Under monkey-patching the worker is a greenlet: it sends in time and at exit."""
    pytest.importorskip("gevent")
    whole = "from gevent import monkey; monkey.patch_all()\n" + script("""
        it = processor(sink)
        for x in items(10): it.submit(x)
        until(lambda: len(sink.accepted) == 10)
        for x in items(3): it.submit(x)
    """)
    ended = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.stdout.split() == ["sent", "10", "sent", "3"], ended
