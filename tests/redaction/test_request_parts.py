"""The parts of a request outside of its body: host, path, parameters, addresses, the caller."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from exchanges import exchange, redact

from wsgi_apimetrics.exchange import ErrorRecord, Exchange, Group
from wsgi_apimetrics.redaction.vocabulary import APITOOLKIT

MARKED = "%5BREDACTED%20{}%5D"


def with_request(given: Exchange | None = None, **changes: Any) -> Exchange:
    """Return an exchange whose request has these parts."""
    given = given or exchange()
    return dataclasses.replace(given, request=dataclasses.replace(given.request, **changes))


@pytest.mark.parametrize(
    ("host", "rules", "after"),
    [
        ("example.com", {}, "example.com"),
        ("ada:pw@example.com", {}, MARKED.format(6) + "@example.com"),
        ("ada:p%40w@example.com", {}, MARKED.format(7) + "@example.com"),
        ("a@b@example.com", {}, MARKED.format(3) + "@example.com"),
        ("example.com", {"redact_headers": ("Host",)}, MARKED.format(11)),
        ("ada:pw@example.com", {"denylist": ("host",)}, MARKED.format(18)),
        ("example.com", {"denylist": ("path",)}, "example.com"),
    ],
)
def test_a_host_loses_who_asks_and_goes_where_it_is_named(
    host: str, rules: dict[str, Any], after: str
) -> None:
    """A second pass leaves the marker as it is."""
    once = redact(with_request(host=host), **rules)
    assert once.request.host == after
    assert redact(once, **rules) == once


FORWARDED = (("Accept", "192.0.2.7"), ("X-Forwarded-For", "192.0.2.7, 10.0.0.1"))


@pytest.mark.parametrize(
    ("headers", "rules", "client"),
    [
        (FORWARDED, {}, "192.0.2.7"),
        (FORWARDED, {"redact_headers": ("x-forwarded-for",)}, "10.0.0.1"),
        (FORWARDED, {"redact_headers": ("X-Real-Ip", "accept")}, "192.0.2.7"),
        ((("X-Real-IP", "192.0.2.7"),), {"redact_headers": ("X-Real-Ip",)}, "10.0.0.1"),
        ((("Forwarded", "for=192.0.2.7"),), {"denylist": ("forwarded",)}, "10.0.0.1"),
        ((("X-Forwarded-For", "192.0.2.8"),), {"denylist": ("x-forwarded-for",)}, "192.0.2.7"),
        ((("X-Real-IP", "1"), *FORWARDED), {"denylist": ("x-real-ip",)}, "192.0.2.7"),
        ((("X-Real-IP", "1"), *FORWARDED), {"denylist": ("x-forwarded-for",)}, "10.0.0.1"),
    ],
)
def test_an_address_goes_with_the_header_that_it_came_from(
    headers: tuple[tuple[str, str], ...], rules: dict[str, Any], client: str
) -> None:
    """What is left is the peer's own."""
    came = with_request(headers=headers, peer_address="10.0.0.1", client_address="192.0.2.7")
    after = redact(came, **rules).request
    assert (after.client_address, after.peer_address) == (client, "10.0.0.1")


def test_an_address_of_the_peer_itself_came_from_no_header() -> None:
    """Whatever rules there are."""
    came = with_request(headers=FORWARDED, peer_address="192.0.2.7", client_address="192.0.2.7")
    assert redact(came, redact_headers=("x-forwarded-for",)).request.client_address == "192.0.2.7"


@pytest.mark.parametrize(
    ("path", "params", "route", "after"),
    [
        ("/u/secret/x", {"p": "secret"}, "/u/<p>/x", f"/u/{MARKED.format(6)}/x"),
        ("/u/s%65cret/x", {"p": "secret"}, "/u/<p>/x", f"/u/{MARKED.format(6)}/x"),
        ("/u/other", {"p": "secret"}, "/u/<p>", "/u/<p>"),
        ("/u/other", {"p": "secret"}, None, "%5BREDACTED%208%5D"),
        ("/u/other", {"p": ""}, None, "/u/other"),
        ("/u/secret", {"pp": "", "p": "secret"}, None, f"/u/{MARKED.format(6)}"),
        ("/u/secret", {"q": "secret"}, "/u/<q>", "/u/secret"),
        ("/u/42/x", {"p": 42}, "/u/<p>/x", f"/u/{MARKED.format(2)}/x"),
        ("/a/b;p=secret;q=1/c", {}, None, f"/a/b;p={MARKED.format(6)};q=1/c"),
        ("/a/;p=;q=1", {}, None, f"/a/;p={MARKED.format(0)};q=1"),
        ("/p=secret", {}, None, "/p=secret"),
    ],
)
def test_a_path_loses_the_parameters_that_are_named(
    path: str, params: dict[str, Any], route: str | None, after: str
) -> None:
    """Where one can't be found in it, the route stands there, else nothing of it."""
    came = exchange(path=path, path_params=params, route=route)
    once = redact(came, denylist=("p", "pp"))
    assert once.request.path == after
    assert redact(once, denylist=("p", "pp")) == once
    assert redact(came).request.path == path


@pytest.mark.parametrize(
    ("params", "rules", "after"),
    [
        ({"p": "secret", "n": 42}, {"denylist": ("p",)}, {"p": "[REDACTED 6]", "n": 42}),
        ({"n": 42}, {"redact_patterns": (r"\d\d",)}, {"n": "[REDACTED 2]"}),
        ({"n": 42, "m": 4}, {"redact_patterns": (r"\d\d",)}, {"n": "[REDACTED 2]", "m": 4}),
        ({"n": 4}, {"denylist": ("p",), "redact_patterns": (r"\d\d",)}, {"n": 4}),
        ({"Token": "x"}, {"redact_common_secrets": True}, {"Token": "[REDACTED 1]"}),
        ({"a": "x", "b": "y"}, {"allowlist": (("a",),)}, {"a": "x", "b": "[REDACTED 1]"}),
    ],
)
def test_a_parameter_that_stays_keeps_its_type(
    params: dict[str, Any], rules: dict[str, Any], after: dict[str, Any]
) -> None:
    """What goes becomes a text."""
    assert redact(exchange(path_params=params), **rules).path_params == after


@pytest.mark.parametrize(
    ("came", "after"),
    [
        ("/u/secret", f"/u/{MARKED.format(6)}"),
        (
            "https://x.example/secret?a=secret",
            "https://x.example/{0}?a={0}".format(MARKED.format(6)),
        ),
        ("secret", "secret"),
    ],
)
def test_a_path_s_parameter_goes_from_the_urls_in_headers_too(came: str, after: str) -> None:
    """Of the request and of the response; a header without a path holds no URL."""
    given = exchange(
        path="/u/secret", path_params={"p": "secret"}, headers={"Referer": came},
        response_headers={"Location": came},
    )  # fmt: skip
    redacted = redact(given, denylist=("p",))
    assert dict(redacted.request.headers) == {"Referer": after}
    assert dict(redacted.response.headers) == {"Location": after}
    places = {one.place for one in redacted.redactions}
    assert ("response.headers.Location.p" in places) is (came != after)


@pytest.mark.parametrize(
    ("value", "came", "after"),
    [
        ("abc", "/abc/x", "/abc/x"),
        ("abcd", "/abcd/x", f"/{MARKED.format(4)}/x"),
        ("a/b", "/a%2Fb/x", f"/{MARKED.format(3)}/x"),
        ("\xe4/b", "/%C3%A4/b/x", f"/{MARKED.format(3)}/x"),
        ("\xe4b", "/%C3%A4b/x", f"/{MARKED.format(2)}/x"),
    ],
)
def test_three_characters_are_in_any_url(value: str, came: str, after: str) -> None:
    """Four count, in whatever dress they are."""
    given = exchange(path=f"/{value}", path_params={"p": value}, headers={"Referer": came})
    assert dict(redact(given, denylist=("p",)).request.headers) == {"Referer": after}


@pytest.mark.parametrize("errors", [(), (ErrorRecord("E", "m", "E", "m", "t", 1.0),)])
def test_who_called_is_masked_and_patterns_take_the_rest(errors: tuple[ErrorRecord, ...]) -> None:
    """The id is not to be read; label and address stay where no pattern finds anything."""
    given = exchange(group=Group("key", "Ada a@b.example", "ada@example.com"), errors=errors)
    group = redact(given).group
    assert group is not None
    assert group.id.startswith("sha512-")
    assert (group.label, group.email) == ("Ada a@b.example", "ada@example.com")
    group = redact(given, redact_patterns=("email",)).group
    assert group is not None
    assert (group.label, group.email) == ("Ada [REDACTED 11]", "[REDACTED 15]")
    given = exchange(group=Group("key", None, None))
    group = redact(given, redact_patterns=("email",)).group
    assert group is not None
    assert (group.label, group.email) == (None, None)
    assert redact(exchange(group=None), redact_patterns=("email",)).group is None


def test_each_vocabulary_marks_in_its_own_words() -> None:
    """Also within a URL."""
    given = exchange('{"p": 1}', query="p=x", path="/secret", path_params={"p": "secret"})
    after = redact(given, APITOOLKIT, denylist=("p",)).request
    assert after.query == "p=%5BCLIENT_REDACTED%5D"
    assert after.path == "/%5BCLIENT_REDACTED%5D"
    assert after.body.content == b'{"p": "[CLIENT_REDACTED]"}'
