"""What happens when the process ends: one hook for all workers, by one deadline each.

No thread is started (an error while the interpreter ends, from Python 3.12 on) and no signal
handler is installed: the hook wakes the workers that are there and waits for them.
"""

from __future__ import annotations

import atexit

# OpenSSL cleans up when the process ends, the later the earlier it was first used. Under uWSGI what
# was first used by the worker is gone before Python ends: a key that is masked then is a crash.
import hashlib  # noqa: F401
import os
import sys
import time
from typing import Protocol


class Ending(Protocol):
    """What has something to do before its process ends."""

    pid: int
    shutdown_timeout: float

    def hurry(self) -> None:
        """Begin to end; returns at once."""
        ...

    def shutdown(self, timeout: float) -> bool:
        """End within ``timeout`` seconds."""
        ...

    def forget(self) -> None:
        """Another process's: let go of what it had queued, and touch nothing else."""
        ...


_endings: set[Ending] = set()
_registered_in: set[int] = set()


def shut_down_at_exit(ending: Ending) -> None:
    """Have ``ending`` shut down when its process ends.

    What came along through a fork is kept, but for its queue: finalising a parent's sockets
    and files here could reach into the parent's.
    """
    pid = os.getpid()
    _endings.add(ending)
    if pid in _registered_in:
        return
    if not _registered_in:  # a child has inherited its parent's registration
        atexit.register(_at_exit)
    _registered_in.add(pid)
    _at_end_of_multiprocessing_child()
    for other in list(_endings):
        if other.pid != pid:
            other.forget()


def has_ended(ending: Ending) -> None:
    """Nothing is left for ``ending`` to do."""
    _endings.discard(ending)


def _at_end_of_multiprocessing_child() -> None:
    """Children of multiprocessing end by ``os._exit`` and run their own list of finalizers.

    So do those of billiard, which is what Celery forks its workers with.
    """
    for name in ("multiprocessing.util", "billiard.util"):
        util = sys.modules.get(name)
        if util is not None:
            util.Finalize(None, _at_exit, exitpriority=10)


def _at_exit() -> None:
    begun = time.monotonic()
    mine = [ending for ending in list(_endings) if ending.pid == os.getpid()]
    for ending in mine:
        ending.hurry()
    for ending in mine:
        deadline = begun + ending.shutdown_timeout
        ending.shutdown(max(0.0, deadline - time.monotonic()))
