"""Headers, cookies, queries and forms, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from exchanges import FORM, body, exchange, redact, redacted_body

from wsgi_apimetrics.redaction.form_fields import decoded, fields_of, holds_secret
from wsgi_apimetrics.redaction.headers import redact_headers
from wsgi_apimetrics.redaction.marks import Marks
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.rules import compiled
from wsgi_apimetrics.redaction.vocabulary import README

M = "%5BREDACTED%20{}%5D"


def test_names_of_headers_are_remembered_up_to_a_bound() -> None:
    """A client that makes up ever new ones fills no memory; they are judged all the same."""
    rules = compiled(RedactionPolicy(denylist=("x-7", "x-1500")))
    marks = Marks(README, (), listens=False)
    headers = tuple((f"X-{number}", "value") for number in range(1600))
    for _ in range(2):
        after = redact_headers(headers, rules, README, "request", marks)
        assert [name for name, value in after if value != "value"] == ["X-7", "X-1500"]
    assert list(rules.header_ways) == [f"X-{number}" for number in range(1024)]


def header_after(name: str, value: str, **rules: Any) -> str:
    """Return a request header's value after redaction."""
    return dict(redact(exchange(headers={name: value}), **rules).request.headers)[name]


@pytest.mark.parametrize(
    ("name", "value", "rules", "after"),
    [
        ("X-Mail", "a@b.example", {"redact_patterns": ("email",)}, "[REDACTED 11]"),
        ("X-Mail", "a%40b.example", {"redact_patterns": ("email",)}, M.format(11)),
        ("X-Mail", "/x?a%40b.example", {"redact_patterns": ("email",)}, "/x?" + M.format(11)),
        ("X-Mail", "a@b.example", {"denylist": ("p",)}, "a@b.example"),
        ("X-Url", "/x?p=secret", {"denylist": ("p",)}, "/x?p=" + M.format(6)),
        ("X-Url", "p=secret", {"denylist": ("p",)}, "p=secret"),
        ("X-Url", "/x?p=secret", {}, "/x?p=secret"),
        ("X-Url", "//u:p@h/x", {}, "//" + M.format(3) + "@h/x"),
        ("X-Url", "/x;p=secret", {"denylist": ("p",)}, "/x;p=" + M.format(6)),
        ("X-Url", "x;p=secret", {"denylist": ("p",)}, "x;p=secret"),
        ("X-Url", "/x;q=secret", {"allowlist": (("x-url",),)}, "/x;q=secret"),
        ("X-Url", "/x;p=[REDACTED 4]", {"denylist": ("p",)}, "/x;p=[REDACTED 4]"),
        ("X-Other", "v", {"allowlist": (("x-url",),)}, "[REDACTED 1]"),
        ("Cookie", "a=1; p=secret", {"allowlist": (("a",),), "unredacted_headers": ("cookie",)},
         "a=1; p=[REDACTED 6]"),
        ("Cookie", "sid=secret; a=1",
         {"redact_common_secrets": True, "unredacted_headers": ("cookie",)},
         "sid=[REDACTED 6]; a=1"),
        ("Cookie", "a=secret", {"denylist": ("cookie",), "unredacted_headers": ("cookie",)},
         "[REDACTED 8]"),
        ("Cookie", 'a="b@c.example"', {"redact_patterns": ("email",),
         "unredacted_headers": ("cookie",)}, 'a="[REDACTED 11]"'),
        ("Cookie", "expires=x", {"denylist": ("expires",), "unredacted_headers": ("cookie",)},
         "expires=x"),
        ("Authorization", "Bearer x", {"unredacted_headers": ("authorization",),
         "redact_common_secrets": True}, "[REDACTED 8]"),
        ("Api_Key", "x", {"redact_common_secrets": True}, "[REDACTED 1]"),
    ],
)  # fmt: skip
def test_a_header_is_judged_by_its_name_and_what_is_in_it(
    name: str, value: str, rules: dict[str, Any], after: str
) -> None:
    """By name as a whole, else by the URLs, cookies and patterns within."""
    assert header_after(name, value, **rules) == after


@pytest.mark.parametrize(
    ("query", "rules", "after"),
    [
        ("a=1&p=secret", {"denylist": ("p",)}, f"a=1&p={M.format(6)}"),
        ("p=sec%72et", {"denylist": ("p",)}, f"p={M.format(6)}"),
        ("p=a+b", {"denylist": ("p",)}, f"p={M.format(3)}"),
        ("%70=secret", {"denylist": ("p",)}, f"%70={M.format(6)}"),
        ("p", {"denylist": ("p",)}, "p"),
        ("p=", {"denylist": ("p",)}, f"p={M.format(0)}"),
        ("p=a=b", {"denylist": ("p",)}, f"p={M.format(3)}"),
        ("a=1;p=secret", {"denylist": ("p",)}, f"a=1;p={M.format(6)}"),
        ("p=1;a=2", {"denylist": ("p",)}, f"p={M.format(5)}"),
        ("a@b.example", {"redact_patterns": ("email",)}, "%5BREDACTED+11%5D"),
        ("a%40b.example=1", {"redact_patterns": ("email",)}, "%5BREDACTED+11%5D=1"),
        ("q=a@b.example&r=%7E", {"redact_patterns": ("email",)}, "q=%5BREDACTED+11%5D&r=%7E"),
        ('j={"token": 1}', {"redact_common_secrets": True}, f"j={M.format(12)}"),
        ('j={"token": 1}', {"denylist": ("p",)}, 'j={"token": 1}'),
        ('j={"broken": 1}', {"redact_common_secrets": True}, 'j={"broken": 1}'),
        ('token={"a": 1}', {"redact_common_secrets": True}, f"token={M.format(8)}"),
        ("next=/r?p=secret", {"denylist": ("p",)},
         f"next=/r%3Fp%3D{M.format(6).replace('%', '%25')}"),
        ("next=%2Fr%3Fp%3Dsecret", {"denylist": ("p",)},
         f"next=/r%3Fp%3D{M.format(6).replace('%', '%25')}"),
        ("next=%2Fr%3Fq%3Dsecret", {"denylist": ("p",)}, "next=%2Fr%3Fq%3Dsecret"),
        ("next=%2Fr%3Fp%3Dsecret", {"redact_patterns": ("email",)}, "next=%2Fr%3Fp%3Dsecret"),
        ("n=" + "%3F" * 16 + "q%3D1", {"denylist": ("p",)}, "n=" + "%3F" * 16 + "q%3D1"),
        ("n=" + "%3F" * 17 + "q%3D1", {"denylist": ("p",)}, f"n={M.format(20)}"),
        ("n=" + "%3F" * 8 + "%23" * 9 + "q%3D1", {"denylist": ("p",)}, f"n={M.format(20)}"),
        ("n=" + "%3F" * 17 + "q", {"denylist": ("p",)}, "n=" + "%3F" * 17 + "q"),
        ("", {"denylist": ("p",)}, ""),
        ("p=secret", {}, "p=secret"),
    ],
)  # fmt: skip
def test_a_query_loses_the_values_that_are_named(
    query: str, rules: dict[str, Any], after: str
) -> None:
    """Each in its place; what stays keeps its spelling."""
    assert redact(exchange(query=query), **rules).request.query == after


@pytest.mark.parametrize(
    ("text", "rules", "after"),
    [
        ("p=1&p=2&q=3", {"denylist": ("p",)}, f"p={M.format(1)}&p={M.format(1)}&q=3"),
        ("p=1&p=2", {"redact_request_body": ("$.p",)}, f"p={M.format(1)}&p={M.format(1)}"),
        ("p=1&p=2", {"redact_request_body": ("$.p[0]",)}, f"p={M.format(1)}&p=2"),
        ("p=1&p=2&p=3", {"redact_request_body": ("$.p[1:]",)},
         f"p=1&p={M.format(1)}&p={M.format(1)}"),
        ("p=1&p=2", {"redact_request_body": ("$.*",)}, f"p={M.format(1)}&p={M.format(1)}"),
        ("p=1&q=2", {"allowlist": (("q",),)}, f"p={M.format(1)}&q=2"),
        ("p=1&q=2&q=3", {"allowlist": (("$.q[*]",),)}, f"p={M.format(1)}&q=2&q=3"),
        ("p=1&q=2", {"allowlist": (("q",), ("p", "q"))}, f"p={M.format(1)}&q=2"),
        ("p=1&q=2", {"allowlist": (("p", "q"),), "denylist": ("q",)}, f"p=1&q={M.format(1)}"),
        ("p=1&q=2", {"redact_request_body": ("$",)}, f"p={M.format(1)}&q={M.format(1)}"),
        ("q=1&p=2", {"redact_request_body": ("$..p",)}, f"q=1&p={M.format(1)}"),
        ('j={"pin": 1}&q=2', {"redact_common_secrets": True}, f"j={M.format(10)}&q=2"),
        ("a<b=1", {"denylist": ("p",)}, "redaction: malformed"),
        ("q=1&p=1\r\n", {"denylist": ("p",)}, f"q=1&p={M.format(3)}"),
        ("\r\np=1", {"denylist": ("p",)}, "redaction: malformed"),
        ("q=1&\r\np=1", {"denylist": ("p",)}, "redaction: malformed"),
        ("q=a@b.example", {"redact_patterns": ("email",)}, "q=%5BREDACTED+11%5D"),
    ],
)  # fmt: skip
def test_a_form_is_an_object_of_its_fields(text: str, rules: dict[str, Any], after: str) -> None:
    """One that comes again is a list."""
    assert redacted_body(body(text, FORM), **rules) == after


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("a", "a"),
        ("a+b", "a b"),
        ("%C3%A4", "\xe4"),
        ("%E4", "\xe4"),
        ("%", "%"),
        ("\xe4%20", "\xe4 "),
    ],
)
def test_what_is_not_utf_8_is_read_as_latin_1(raw: str, plain: str) -> None:
    """After + and percent-encoding are undone."""
    assert decoded(raw) == plain


def test_fields_have_an_equals_sign() -> None:
    """What has none is no field."""
    assert list(fields_of("a=1&b&c=&=d&a=2=3")) == [
        ("a", "1"), ("c", ""), ("", "d"), ("a", "2=3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ('{"token": 1}', True),
        (' \n[{"a": {"user[pin]": 1}}]', True),
        ('{"tok\\u0065n": 1}', True),
        ('{"a": "\\u00e9"}', True),
        ('{"a": "token"}', False),
        ('"token": 1', False),
        ('{\\"token\\": 1}', True),
        ("", False),
    ],
)
def test_a_field_s_value_may_be_json_with_secrets(value: str, holds: bool) -> None:
    """An object or a list, whose names can be read, or can not."""
    assert holds_secret(value) is holds


E = "%5BREDACTED%2011%5D"
P = "%5BREDACTED+11%5D"


@pytest.mark.parametrize("mail", ["a@b.example", "A@b.example", "~@b.example", "1@b.example"])
def test_a_pattern_takes_what_it_finds_wherever_it_stands(mail: str) -> None:
    """Whether that sorts before or behind what is put in its place; the rest keeps its spelling."""
    came = exchange(
        body(f'{{"x": "{mail}", "y": "\\u0061"}}'),
        body(f"x={mail}&y=%61", FORM),
        path=f"/{mail}/%61",
        query=f"x={mail}&y=%61&z=/%3Fq=%61&w={mail.replace('@', '%40')}",
        headers={"X": f"{mail} %61", "Y": f"/{mail.replace('@', '%40')}/%61"},
    )
    after = redact(came, redact_patterns=("email",))
    assert after.request.path == f"/{E}/%61"
    assert after.request.query == f"x={P}&y=%61&z=/%3Fq=%61&w={P}"
    assert after.request.headers == (("X", "[REDACTED 11] %61"), ("Y", f"/{E}/%61"))
    assert after.request.body.content == b'{"x": "[REDACTED 11]", "y": "\\u0061"}'
    assert after.response.body.content == f"x={P}&y=%61".encode()


@pytest.mark.parametrize("value", ["a", "A", "~", "1"])
def test_a_url_in_a_parameter_loses_what_is_named_whatever_it_sorts_like(value: str) -> None:
    """And one without that keeps its spelling."""
    came = exchange(query=f"n=%2Fx%3Fp%3D{value}&m=%2Fx%3Fq%3D{value}")
    query = redact(came, denylist=("p",)).request.query
    marked = M.format(1).replace("%", "%25")
    assert query == f"n=/x%3Fp%3D{marked}&m=%2Fx%3Fq%3D{value}"
