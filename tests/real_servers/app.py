"""What runs inside the server: the zoo behind a layer, and two doors beside it.

``/zoo/NAME`` is the species; ``/-/journal`` tells what the apps saw, ``/-/exchanges`` what was
recorded; both are outside the layer. ``ZOO_LAYER`` chooses it: ``bare`` or ``wrapped``.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
from collections import Counter
from typing import Any

from zoo.apps import ZOO, Call, Journal, Recorded, Species
from zoo.broken import buffers, identity
from zoo.responses import TEXT, Chunks

JOURNALS = {name: Journal() for name in (*ZOO, "endless")}
CALLS: Counter[str] = Counter()


def endless(journal: Journal, environ: dict[str, Any], start_response: Any) -> Any:
    """Sends until the client has enough."""
    start_response("200 OK", [*TEXT])
    return Chunks(journal, itertools.repeat(b"." * 16384))


ANIMALS = {**ZOO, "endless": Species("endless", endless, Call(), Recorded(aborted=True))}


def zoo(environ: dict[str, Any], start_response: Any) -> Any:
    """Let the species answer that the path names."""
    name = environ["PATH_INFO"].split("/")[2]
    return ANIMALS[name].build(JOURNALS[name])(environ, start_response)


def count_sendfile() -> None:
    """Note each time that the server sends a file by the system's own call."""
    sendfile = socket.socket.sendfile

    def counted(self: socket.socket, *args: Any, **options: Any) -> int:
        CALLS["sendfile"] += 1
        return sendfile(self, *args, **options)

    socket.socket.sendfile = counted  # type: ignore[method-assign]


def layered() -> tuple[Any, Any]:
    """Return the zoo behind the layer, and a function that lists what was recorded."""
    layer = os.environ["ZOO_LAYER"]
    if layer != "wrapped":
        return {"bare": identity, "buffers": buffers}[layer](zoo), list
    from .recording import wrapped

    return wrapped(zoo)


count_sendfile()
SHOWN, recorded = layered()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """The WSGI callable that the servers run."""
    path = environ["PATH_INFO"]
    if not path.startswith("/-/"):
        return SHOWN(environ, start_response)
    if path == "/-/journal":
        shown: Any = {
            name: [event[0] for event in journal.events] for name, journal in JOURNALS.items()
        }
        shown["calls"] = dict(CALLS)
    else:
        shown = recorded()
    content = json.dumps(shown).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    start_response("200 OK", headers)
    return [content]
