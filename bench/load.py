"""An open-loop client: sends at a fixed rate, whatever comes back, and times from when it is due.

``python -m bench.load PORT`` answers each line ``run RATE SECONDS`` with a list of latencies in
milliseconds; a request that failed counts as ``null``. A latency is taken from the moment at
which the request was due, so that a server that stalls is charged for everybody who waits.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from . import exchanges

PATIENCE_SECONDS = 10


def request_bytes(port):
    """The small exchange's request, with its twelve headers."""
    environ = exchanges.environ()
    lines = [f"POST {environ['RAW_URI']} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    for name, value in headers(environ):
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode() + exchanges.REQUEST


def headers(environ):
    """The environ's headers as they go over the wire, but those of the connection."""
    yield "Content-Type", environ["CONTENT_TYPE"]
    yield "Content-Length", environ["CONTENT_LENGTH"]
    for name, value in environ.items():
        if name.startswith("HTTP_") and name not in {"HTTP_HOST", "HTTP_CONNECTION"}:
            yield name[5:].replace("_", "-").title(), value


async def one(port, content, due):
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        answer = await reader.read(-1)
        writer.close()
    except OSError:
        return None
    if not answer.startswith(b"HTTP/1.1 200"):
        return None
    return (time.perf_counter() - due) * 1000


async def run(port, rate, seconds):
    content = request_bytes(port)
    begun = time.perf_counter()
    tasks = []
    for index in range(int(rate * seconds)):
        due = begun + index / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(
            asyncio.create_task(asyncio.wait_for(one(port, content, due), PATIENCE_SECONDS))
        )
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [answer if isinstance(answer, float) else None for answer in answers]


def main():
    port = int(sys.argv[1])
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        _, rate, seconds = line.split()
        print(json.dumps(asyncio.run(run(port, float(rate), float(seconds)))), flush=True)


if __name__ == "__main__":
    main()
