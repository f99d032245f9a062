"""Two exchanges compared: what differs is named, what does not is counted."""

from __future__ import annotations

import dataclasses

import pytest

from wsgi_apimetrics.exchange import Body, ErrorRecord, Group
from wsgi_apimetrics.inspector.compare import MAX_DIFFERENCES, differences

from .samples import body, exchange


def found(a, b):
    """Return what differs, part by part, as name, a, b."""
    return {
        group.title: [(one.name, one.a, one.b) for one in group.found]
        for group in differences(a, b)
        if group.found
    }


def bodies(a, b):
    """Return what differs between two exchanges that got these answers."""
    one = exchange(at=0.0, got=a)
    other = dataclasses.replace(one, response=dataclasses.replace(one.response, body=b))
    return found(one, other).get("Response body", [])


def test_the_same_differs_in_nothing():
    """All six parts are counted as the same."""
    one = exchange(at=0.0, got={"a": [1, 2]}, sent=body(b"text", "text/plain"))
    assert [(len(part.found), part.same > 0) for part in differences(one, one)] == [(0, True)] * 6


def test_headers_are_compared_by_name_without_case():
    """RFC 9110, section 5.1; several values of a name are one list."""
    a = exchange(at=0.0, headers=(("Accept", "a"), ("accept", "b"), ("X-Old", "1")))
    b = exchange(at=0.0, headers=(("ACCEPT", "a, b"), ("X-New", "2")))
    assert found(a, b)["Request headers"] == [("x-old", "1", None), ("x-new", None, "2")]


def test_json_is_compared_by_path():
    """A string and a number of the same digits differ, and so do an empty list and none."""
    a = body({"same": 1, "n": 1, "list": [1, 2], "gone": True, "empty": [], "object": {}})
    b = body({"same": 1, "n": "1", "list": [1], "come": None, "empty": {}, "object": {}})
    assert bodies(a, b) == [
        ("$.n", "1", '"1"'),
        ("$.list[1]", "2", None),
        ("$.gone", "true", None),
        ("$.empty", "[…]", "{…}"),
        ("$.come", None, "null"),
    ]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (body(b"one", "text/plain"), body(b"two", "text/plain"), [("body", "one", "two")]),
        (body(b"one", "text/plain"), Body(), [("body", "one", None)]),
        (
            body(b"\xff\xfe\x00\x01", "application/octet-stream"),
            Body(None, 9, 9, "text/plain", omitted="too large"),
            [("body", "(4 bytes: ff fe 00 01 …)", "(left out: too large)")],
        ),
    ],
    ids=["text", "empty", "binary and left out"],
)
def test_other_bodies_are_compared_as_a_whole(a, b, expected):
    """What has no structure is one thing."""
    assert bodies(a, b) == expected


def test_the_rest_of_the_request_and_the_response():
    """Method, address, caller, status and error, each under its name."""
    error = ErrorRecord("KeyError", "x", "KeyError", "x", "", 0.0)
    a = exchange("/a", at=0.0, query="x=1", route="/<x>", group=Group("ada"))
    b = exchange("/b", at=0.0, method="PUT", host="b.example", status=500, errors=(error,))
    assert found(a, b) == {
        "Request": [
            ("method", "GET", "PUT"),
            ("host", "api.example.com", "b.example"),
            ("path", "/a", "/b"),
            ("query", "x=1", ""),
            ("route", "/<x>", ""),
            ("caller", "ada", ""),
        ],
        "Response": [("status", "200 ", "500 "), ("error", "", "KeyError")],
    }


def test_so_many_differences_are_enough():
    """The rest is left out of the page, not counted as the same."""
    part = differences(
        exchange(at=0.0, got=list(range(MAX_DIFFERENCES + 100))), exchange(at=0.0, got=["x"])
    )[5]
    assert (len(part.found), part.same) == (MAX_DIFFERENCES, 0)
    assert {one.kind for one in part.found} == {"changed", "removed"}
