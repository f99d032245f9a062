"""Exchanges to fill a store with."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import uuid
import zlib

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.exchange import (
    Body,
    Exchange,
    Group,
    RedactedExchange,
    Request,
    Response,
    Timings,
)
from wsgi_apimetrics.store.conditions import EVERYTHING
from wsgi_apimetrics.store.rows import row_of
from wsgi_apimetrics.store.schema import APPLICATION_ID, MIGRATIONS

NOON = 1_800_000_000.0
"""A Unix time at the beginning of a minute and of an hour."""


def body(content=b"", content_type=""):
    return Body(content, len(content), len(content), content_type)


def exchange(
    path="/users/7",
    *,
    status=200,
    at=NOON,
    method="GET",
    duration=0.01,
    caller=None,
    sent=b"",
    got=b"",
    headers=(),
    host="api.example.com",
    **more,
):
    """An exchange with the parts that filters look at."""
    request = Request(
        method,
        more.pop("scheme", "https"),
        host,
        path,
        more.pop("query", ""),
        headers=headers,
        body=body(sent, more.pop("request_type", "application/json")),
    )
    return (RedactedExchange if "redactions" in more else Exchange)(
        id=str(uuid.uuid4()),
        started_at=at,
        request=dataclasses.replace(request, client_address=more.pop("client_address", "")),
        response=Response(status, body=body(got, more.pop("response_type", "application/json"))),
        timings=Timings(duration, 0.0),
        group=None if caller is None else Group(caller, f"The {caller}", f"{caller}@example.com"),
        **more,
    )


def lines(*exchanges):
    return [jsonline.dumps(one, getattr(one, "redactions", ())) for one in exchanges]


def version_1(path, *exchanges):
    """Write a store as its first version did, with the counts by its own tables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = sqlite3.connect(path)
    old.execute("PRAGMA auto_vacuum = INCREMENTAL")
    old.executescript(MIGRATIONS[0])
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    for seq, line in enumerate(lines(*exchanges), start=1):
        row = row_of(json.loads(line))
        old.execute(f"INSERT INTO exchange VALUES ({', '.join('?' * (len(row) + 1))})", (seq, *row))
        old.execute("INSERT INTO record VALUES (?, ?)", (seq, zlib.compress(line, 1)))
    for span in (60, 3600):
        for facet, value in (("all", ""), ("endpoint", "GET /users/*")):
            old.execute(
                "INSERT INTO tally VALUES (?, ?, ?, ?, ?, 0, 0, 0.5, 0.1, 0, 0)",
                (span, int(NOON), facet, value, len(exchanges)),
            )
        for endpoint in ("", "GET /users/*"):
            for slot, count in ((100, len(exchanges) - 1), (150, 1)):
                old.execute(
                    "INSERT INTO latency VALUES (?, ?, ?, ?, ?)",
                    (span, int(NOON), endpoint, slot, count),
                )
    old.commit()
    old.close()


def walked(store, wanted=EVERYTHING, size=7):
    """Every summary of a list, page after page."""
    cursor = None
    while True:
        page = store.page(wanted, cursor, size)
        yield from page.summaries
        cursor = page.next_cursor
        if cursor is None:
            return
