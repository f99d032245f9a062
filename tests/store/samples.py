"""Exchanges to fill a store with."""

from __future__ import annotations

import dataclasses
import uuid

from wsgi_apimetrics import jsonline
from wsgi_apimetrics.exchange import Body, Exchange, Group, Request, Response, Timings

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
        method, "https", host, path, headers=headers, body=body(sent, "application/json")
    )
    return Exchange(
        id=str(uuid.uuid4()),
        started_at=at,
        request=dataclasses.replace(request, client_address=more.pop("client_address", "")),
        response=Response(status, body=body(got, more.pop("response_type", "application/json"))),
        timings=Timings(duration, 0.0),
        group=None if caller is None else Group(caller, f"The {caller}", f"{caller}@example.com"),
        **more,
    )


def lines(*exchanges):
    return [jsonline.dumps(one) for one in exchanges]
