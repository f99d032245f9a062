"""The redactor as a whole: defaults, vocabularies, hooks, what is known of what was taken out."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from exchanges import body, exchange, redact
from hypothesis import given
from strategies import client_exchanges
from strategies import exchanges as any_exchange

from wsgi_apimetrics import ApiMetricsMiddleware, options
from wsgi_apimetrics.exceptions import ConfigurationError, ExchangeDropped
from wsgi_apimetrics.exchange import ErrorRecord, Exchange, Request, Response
from wsgi_apimetrics.redaction.mask import mask
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.redactor import Redactor
from wsgi_apimetrics.redaction.vocabulary import APITOOLKIT, README
from wsgi_apimetrics.stats import DropReason
from wsgi_apimetrics.testing import Memory

SENSITIVE = {
    "Authorization": "Bearer abcdefgh",
    "Proxy-Authorization": "Basic abc",
    "Cookie": "a=1; b=2",
    "X-Api-Key": "key",
}


def headers_after(headers: dict[str, str], vocabulary: Any = README, **rules: Any) -> Any:
    """Return a request's headers after redaction."""
    return dict(redact(exchange(headers=headers), vocabulary, **rules).request.headers)


def test_sensitive_headers_go_by_default() -> None:
    """Towards ReadMe Authorization is masked; the others become markers."""
    assert headers_after({**SENSITIVE, "Accept": "*/*"}) == {
        "Authorization": mask("Bearer abcdefgh"),
        "Proxy-Authorization": "[REDACTED 9]",
        "Cookie": "[REDACTED 8]",
        "X-Api-Key": "[REDACTED 3]",
        "Accept": "*/*",
    }
    assert set(headers_after(SENSITIVE, APITOOLKIT).values()) == {"[CLIENT_REDACTED]"}


def test_a_default_is_turned_off_by_name() -> None:
    """In any case; a name that is no default is a mistake."""
    kept = headers_after(SENSITIVE, unredacted_headers=("cookie", "AUTHORIZATION"))
    assert kept["Cookie"] == "a=1; b=2"
    assert kept["Authorization"] == "Bearer abcdefgh"
    assert kept["X-Api-Key"] == "[REDACTED 3]"
    kind = options.kinds(RedactionPolicy)["unredacted_headers"]
    with pytest.raises(ConfigurationError, match="'Accept' is no header"):
        options.checked("unredacted_headers", ["Accept"], kind)


def test_a_rule_that_names_authorization_gives_the_marker() -> None:
    """The mask shows four characters; whoever names the header wants none."""
    for rules in ({"denylist": ("authorization",)}, {"redact_headers": ("AUTHORIZATION",)}):
        assert headers_after(SENSITIVE, **rules)["Authorization"] == "[REDACTED 15]"


def test_headers_are_compared_without_case_and_by_either_separator() -> None:
    """WSGI can't tell X_Token from X-Token."""
    after = headers_after({"X-Token": "abc"}, denylist=("x_tOKEN",))
    assert after == {"X-Token": "[REDACTED 3]"}


@given(any_exchange | client_exchanges)
def test_what_no_rule_names_is_unchanged(given_exchange: Exchange) -> None:
    """Without rules only the defaults and the caller's id change; twice is once."""
    redacted = redact(given_exchange)
    assert redacted.request.body == given_exchange.request.body
    assert redacted.response.body == given_exchange.response.body
    assert redacted.request.query == given_exchange.request.query
    assert redact(redacted) == redacted


@given(any_exchange | client_exchanges)
def test_whatever_comes_is_redacted(given_exchange: Exchange) -> None:
    """All rules at once on any exchange: no exception, and twice is once."""
    rules: dict[str, Any] = {
        "denylist": ("a", "$.b"),
        "allowlist": (("b", "c", "$..d"),),
        "redact_request_body": ("$..a[?(@.a)].b",),
        "redact_common_secrets": True,
        "redact_patterns": ("card", "jwt", "private_key", "cloud_key", "email", r"\d{9}"),
        "redact_ignore_case": True,
    }
    once = redact(given_exchange, **rules)
    assert redact(once, **rules) == once


def test_a_parameter_that_is_no_text_costs_no_exchange() -> None:
    """Half a character in a path parameter has no UTF-8 to look for in the headers' URLs."""
    given_exchange = dataclasses.replace(
        exchange("", headers={"Referer": "/x"}), path_params={"a": "\ud800"}, route="/<a>"
    )
    assert redact(given_exchange, denylist=("a",)).path_params["a"] == "[REDACTED 1]"


def test_redactions_say_where_and_by_which_rule() -> None:
    """An inspector can point at each."""
    redacted = redact(
        exchange('{"a": [{"b": 1}]}', query="b=2", headers={"Cookie": "x=1"}),
        denylist=("b", "$.a[0].b"),
    )
    assert {(one.place, one.rule) for one in redacted.redactions} == {
        ("group.id", "mask"),
        ("request.headers.Cookie", "sensitive header"),
        ("request.query.b", "b"),
        ("request.body.$.a[0].b", "$.a[0].b"),
    }


# -- hooks --------------------------------------------------------------------------------------


def test_the_hook_gets_the_redacted_exchange_and_has_the_last_word() -> None:
    """What it changes passes the rules once more."""
    seen: list[Exchange] = []

    def hook(one: Exchange) -> Exchange:
        seen.append(one)
        changed = dataclasses.replace(one.request, body=body('{"p": "again", "q": 1}'))
        return dataclasses.replace(one, request=changed, tags=("seen",))

    redacted = redact(exchange('{"p": "secret"}'), denylist=("p",), before_send=hook)
    assert seen[0].request.body.content == b'{"p": "[REDACTED 6]"}'
    assert redacted.request.body.content == b'{"p": "[REDACTED 5]", "q": 1}'
    assert redacted.tags == ("seen",)


def test_a_hook_that_makes_an_exchange_of_its_own_is_redacted_too() -> None:
    """Only redaction makes what an encoder accepts."""
    made = exchange('{"p": "mine"}')
    redacted = redact(exchange(), denylist=("p",), before_send=lambda _: made)
    assert redacted.request.body.content == b'{"p": "[REDACTED 4]"}'


def boom(_: Any) -> None:
    """A hook with a mistake."""
    raise KeyError("secret")


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (lambda _: None, DropReason.HOOK_DROPPED),
        (boom, DropReason.HOOK_FAILED),
        (lambda _: {"a": 1}, DropReason.HOOK_FAILED),
        (lambda _: sys.exit(), DropReason.HOOK_FAILED),
    ],
)
def test_a_hook_that_drops_or_fails_costs_the_exchange(hook: Any, reason: DropReason) -> None:
    """It is never sent unredacted, and what failed is told without its text."""
    with pytest.raises(ExchangeDropped) as dropped:
        redact(exchange(), before_send=hook)
    assert dropped.value.reason is reason
    assert "secret" not in str(dropped.value)


def test_whatever_fails_inside_costs_the_exchange() -> None:
    """Never the redaction."""
    odd: Any = dataclasses.replace(exchange(), errors=(1,))
    with pytest.raises(ExchangeDropped) as dropped:
        redact(odd, denylist=("a",))
    assert dropped.value.reason is DropReason.REDACTION_FAILED


# -- adding up ----------------------------------------------------------------------------------


def test_rules_of_the_middleware_and_of_a_backend_add_up() -> None:
    """Two allowlists must both allow; hooks run one after the other."""
    known = options.kinds(RedactionPolicy)
    said: list[str] = []

    def hook(name: str) -> Any:
        return lambda one: (said.append(name), one)[1]

    def read(**given: Any) -> dict[str, Any]:
        return options.read(given, known, "test")

    shared = read(denylist=["a"], allowlist=["a", "b", "c"], before_send=hook("shared"))
    own = read(
        denylist=["b"],
        allowlist=["b", "c", "d"],
        redact_common_secrets=True,
        before_send=hook("own"),
    )
    policy = options.build(RedactionPolicy, options.merged(shared, own, known))
    redactor = Redactor(policy, README)
    after = redactor.redact(exchange('{"a": 1, "b": 2, "c": 3, "d": 4}'))
    assert after.request.body.content == (
        b'{"a": "[REDACTED]", "b": "[REDACTED]", "c": 3, "d": "[REDACTED]"}'
    )
    assert said == ["shared", "own"]
    assert policy.redact_common_secrets


def test_a_backend_cannot_take_a_rule_back() -> None:
    """None or False from a backend leaves the middleware's rule as it is."""
    known = options.kinds(RedactionPolicy)
    merged = options.merged(
        {"denylist": ("a",), "redact_common_secrets": True},
        {"denylist": None, "redact_common_secrets": False},
        known,
    )
    assert merged == {"denylist": ("a",), "redact_common_secrets": True}


# -- errors -------------------------------------------------------------------------------------


def test_errors_lose_every_dress_of_a_value_and_what_a_cut_left_of_it() -> None:
    """As it was, percent-encoded, as repr writes it; the ends of cut texts; not short ones."""
    value = 'p/a"ss wörd'
    message = f"bad {value!r}: p%2Fa%22ss%20w%C3%B6rd, {value[:7]}..."
    record = ErrorRecord("E", message, "E", "abc", f"x {value[:6]}\n[...]\n{value[5:]} y", 1.0)
    given_exchange = exchange(
        path_params={"secret": value, "short": "abc"}, path="/p%2Fa%22ss%20w%C3%B6rd/abc",
        errors=(record,),
    )  # fmt: skip
    error = redact(given_exchange, denylist=("secret", "short")).errors[0]
    assert error.message == "bad '[REDACTED 11]': [REDACTED 22], [REDACTED 7]..."
    assert error.root_message == "abc"
    assert error.stack_trace == "x [REDACTED 6]\n[...]\n[REDACTED 6] y"


# -- multipart ----------------------------------------------------------------------------------


def part(head: str, content: str = "hunter2") -> str:
    """Return a form of one part with this head."""
    return f"--B\r\n{head}\r\n\r\n{content}\r\n--B--\r\n"


NAME = 'Content-Disposition: form-data; name="p"'


@pytest.mark.parametrize(
    "text",
    [
        part('Content-Disposition: form-data; name="p"; name="q"'),
        part('Content-Disposition: form-data; name="q"\r\n' + NAME),
        part("Content-Type: text/plain"),
        part('Content-Disposition: form-data;\r\n name="p"'),
        part('Content-Disposition: form-data; name="q'),
        part('Content-Disposition: attachment; name="p"'),
        part(NAME.replace("p", "q"), f"x\n--B\n{NAME}\n\nhunter2"),
        part(NAME)[:-4],
        "preamble\r\n" + part(NAME),
        part("Content-Disposition: form-data; name*0=p"),
    ],
)
def test_a_form_that_readers_take_apart_differently_is_left_out(text: str) -> None:
    """A field must not hide from one parser inside of another's."""
    after = redact(exchange(body(text, "multipart/form-data; boundary=B")), denylist=("p",))
    assert after.request.body.omitted == "redaction: malformed"


def test_names_of_parts_are_read_in_every_spelling() -> None:
    """Quoted, escaped, bare, and by RFC 2231."""
    for spelled in ('name="p"', "name=p", 'NAME="p"', r'name="\p"', "name*=utf-8''%70"):
        text = part(f"Content-Disposition: form-data; {spelled}")
        after = redact(exchange(body(text, "multipart/form-data; boundary=B")), denylist=("p",))
        assert after.request.body.content == text.replace("hunter2", "[REDACTED 7]").encode()


# -- types --------------------------------------------------------------------------------------

UNREDACTED = """
from wsgi_apimetrics.encoding.local import LocalEncoder
from wsgi_apimetrics.exchange import Exchange

def send(exchange: Exchange) -> None:
    LocalEncoder().encode(exchange)
"""


@pytest.mark.slow
def test_the_type_checker_refuses_to_encode_what_is_not_redacted(tmp_path: Path) -> None:
    """An encoder takes a RedactedExchange, which an Exchange is not."""
    (tmp_path / "leak.py").write_text(UNREDACTED)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "leak.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "MYPYPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert 'incompatible type "Exchange"; expected "RedactedExchange"' in run.stdout


def test_the_record_of_redactions_leaks_no_name() -> None:
    """A member's name that a pattern finds does not leave by the place of another redaction."""
    given_exchange = exchange(
        '{"bob@example.com": {"p": 1}}', query="bob%40example.com=x", headers={"Cookie": "b@c.de=1"}
    )
    rules: dict[str, Any] = {
        "redact_request_body": ("$..p",),
        "redact_patterns": ("email",),
        "allowlist": (("$.*",),),
        "unredacted_headers": ("Cookie",),
    }
    redacted = redact(given_exchange, **rules)
    assert "@" not in repr(dataclasses.replace(redacted, group=None))
    assert redact(redacted, **rules) == redacted


def test_a_hook_that_assigns_changes_its_own_backend_alone() -> None:
    """The type checker refuses it. Neither another backend nor another exchange sees it."""

    def spoil(exchange: Any) -> Any:
        exchange.request.path = "/spoilt"
        exchange.response.body.content = b"spoilt"
        exchange.request.body.content_type = "spoilt/spoilt"
        exchange.timings.wait = 99.0
        return exchange

    def app(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"as it was"]

    hooked, other = Memory(before_send=spoil), Memory()
    middleware = ApiMetricsMiddleware(app, hooked, other)
    for _ in range(3):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": BytesIO()}
        list(middleware(environ, lambda *_: None))
    assert middleware.flush(10)
    assert [one.request.path for one in hooked.exchanges] == ["/spoilt"] * 3
    for one in other.exchanges:
        assert one.request.path == "/"
        assert one.response.body.content == b"as it was"
        assert one.request.body.content_type == ""
        assert one.timings.wait < 99
    assert Exchange("x", 0.0, Request("GET", "http", "a", "/"), Response(200)).timings.wait == 0.0
    assert Response(200).body.content == b""
