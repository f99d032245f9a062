"""Header fields: cookies one by one, and what errors may repeat of those that go."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from exchanges import exchange, redact

from wsgi_apimetrics.exchange import ErrorRecord

KEPT = ("Cookie", "Set-Cookie")
MARKED = "[REDACTED {}]"
SECRET = MARKED.format(6)
COOKIES = [
    ("Cookie", "a=1; p=secret; b=2", f"a=1; p={SECRET}; b=2"),
    ("Cookie", "p=secret", f"p={SECRET}"),
    ("Cookie", 'a=1; "p"=secret', f'a=1; "p"={SECRET}'),
    ("Cookie", "a=1; p; b=2", "a=1; p; b=2"),
    ("Cookie", 'a="x; p=secret', MARKED.format(14)),
    ("Cookie", 'a="x"; p="secret"', f'a="x"; p={MARKED.format(8)}'),
    ("Cookie", "a=1, p=secret", f"a=1, p={SECRET}"),
    ("Cookie", "a=1 p=secret", f"a=1 p={SECRET}"),
    ("Cookie", "p=se,cret=2", f"p={MARKED.format(9)}"),
    ("Cookie", "%70=secret", f"%70={SECRET}"),
    ("Set-Cookie", "p=secret; Path=/; Secure", f"p={SECRET}; Path=/; Secure"),
    ("Set-Cookie", "a=1; Domain=x.example", "a=1; Domain=x.example"),
    ("Set-Cookie", "a=1; p=secret", f"a=1; p={SECRET}"),
]


@pytest.mark.parametrize(("name", "came", "expected"), COOKIES)
def test_a_cookie_that_is_named_goes_and_its_neighbours_stay(
    name: str, came: str, expected: str
) -> None:
    """As browsers and as servers part them; where they differ, the whole header goes."""
    after = redact(exchange(headers={name: came}), denylist=("p",), unredacted_headers=KEPT)
    assert dict(after.request.headers)[name] == expected


def test_an_attribute_is_one_only_behind_the_cookie_that_a_response_sets() -> None:
    """In a request, and in the first place, Path is a cookie's name like any other."""
    rules: dict[str, Any] = {"denylist": ("path",), "unredacted_headers": KEPT}
    headers = {"Cookie": "a=1; path=secret", "Set-Cookie": "path=secret; Path=/"}
    after = dict(redact(exchange(headers=headers), **rules).request.headers)
    assert after == {"Cookie": f"a=1; path={SECRET}", "Set-Cookie": f"path={SECRET}; Path=/"}


BASIC = "Basic " + base64.b64encode(b"ada:hunter2").decode()


@pytest.mark.parametrize(
    ("name", "value", "repeated"),
    [
        ("Authorization", "Bearer abcdefgh", "abcdefgh"),
        ("Authorization", BASIC, "ada:hunter2"),
        ("Authorization", BASIC, "hunter2"),
        ("Cookie", 'a=1; session="hunter2"', "hunter2"),
        ("Set-Cookie", "session=hunter2; Path=/", "hunter2"),
    ],
)
def test_an_error_may_not_repeat_a_part_of_a_header_that_went(
    name: str, value: str, repeated: str
) -> None:
    """The credentials without their scheme, what Basic encodes, a cookie's value."""
    error = ErrorRecord("E", f"no {repeated}!", "E", "", "", 1.0)
    after = redact(exchange(headers={name: value}, errors=(error,)))
    assert after.errors[0].message == f"no {MARKED.format(len(repeated))}!"


def test_an_attribute_of_a_cookie_is_no_secret() -> None:
    """A trace that holds its path stays readable."""
    error = ErrorRecord("E", "no /shop/cart", "E", "", "", 1.0)
    headers = {"Set-Cookie": "session=hunter2; Path=/shop/cart"}
    assert redact(exchange(headers=headers, errors=(error,))).errors[0].message == "no /shop/cart"


@pytest.mark.parametrize(
    "credentials", ["!!!", "YQ", base64.b64encode(b"\xff:hunter2").decode(), "", "YWJj ZGVm"]
)
def test_credentials_that_encode_nothing_are_heard_as_they_are(credentials: str) -> None:
    """Clients send anything."""
    error = ErrorRecord("E", f"no {credentials}!", "E", "", "", 1.0)
    headers = {"Authorization": f"Basic {credentials}"}
    message = redact(exchange(headers=headers, errors=(error,))).errors[0].message
    length = len(credentials)
    assert message == f"no {MARKED.format(length) if length > 3 else credentials}!"
