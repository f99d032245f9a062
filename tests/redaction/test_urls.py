"""Paths, queries and URLs within headers: what is named goes, the rest keeps its spelling."""

from __future__ import annotations

import pytest
from exchanges import exchange, redact

MARKED = "%5BREDACTED%20{}%5D"


def path_after(path: str, value: str) -> str:
    """Return the path where the rules name the parameter that had ``value``."""
    given_exchange = exchange(path=path, path_params={"p": value}, route="/x/<p>")
    return redact(given_exchange, denylist=("p",)).request.path


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("/a/m/z/%7Ez", "m", f"/a/{MARKED.format(1)}/z/%7Ez"),
        ("/m/%6D/n", "m", f"/{MARKED.format(1)}/{MARKED.format(1)}/n"),
        ("/files/a/b/%7Ez", "a/b", f"/files/{MARKED.format(3)}/~z"),
        ("/v1.2-secret/%C3%A4", "secret", f"/v1.2-{MARKED.format(6)}/%C3%A4"),
        ("/a/b/", "/b/", f"/a/{MARKED.format(1)}/"),
    ],
)
def test_a_path_loses_the_parameter_alone(path: str, value: str, expected: str) -> None:
    """Where it is a segment, however spelled; where it is several, or a part of one."""
    assert path_after(path, value).replace("[", "%5B").replace("]", "%5D") == expected


HEADERS = [
    ("/x?a=1&p=secret&b=%7E2#top", "/x?a=1&p={}&b=%7E2#top"),
    ("https://ada:pw@example.com/x?b=1", "https://{}@example.com/x?b=1"),
    ("/x;p=secret;q=2/y", "/x;p={};q=2/y"),
    ("<https://example.com/x?p=secret>; rel=next", "<https://example.com/x?p={}>; rel=next"),
    ("/x?q=1;p=secret", "/x?q=1;p={}"),
    ("ada@example.com", "ada@example.com"),
]


@pytest.mark.parametrize(("value", "expected"), HEADERS)
def test_a_header_loses_the_parameter_alone(value: str, expected: str) -> None:
    """Also a password before a host, which no rule has to name."""
    redacted = redact(exchange(headers={"Referer": value}), denylist=("p",))
    assert dict(redacted.request.headers)["Referer"] == expected.format(MARKED.format(6))
