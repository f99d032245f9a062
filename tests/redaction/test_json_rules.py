"""JSON bodies: jsonpath-ng judges, the walker must say the same; nothing else changes."""

from __future__ import annotations

import json
import math
from importlib.metadata import version
from typing import Any

import pytest
from documents_strategy import NAMES, documents, dressed, leaves_of, parsed
from exchanges import FORM, body, exchange, redact, redacted_body
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_ng.ext.parser import parse

from wsgi_apimetrics.exceptions import ConfigurationError
from wsgi_apimetrics.redaction import json_walk
from wsgi_apimetrics.redaction.jsonpath import Judged, plain
from wsgi_apimetrics.redaction.states import Node, State

# Python 3.10 has jsonpath-ng 1.8 at most, which refuses some rules, and fails on an index into an
# object: to us that is a mistake that is told, and a body that is left out. And
# [*] takes an object for a list of one there, which we never do.
OLD = tuple(map(int, version("jsonpath-ng").split(".")[:2])) < (1, 16)
only_new = pytest.mark.skipif(OLD, reason="this jsonpath-ng reads and judges fewer rules")

steps = st.sampled_from(
    [".a", ".b", ".password", ".credit-card", "['caf\xe9']", '["x y"]', ".*", ".items"]
    + ["[*]"] * (not OLD)
)
tails = st.sampled_from(
    ["", "..a", "..password", "..cvv", "..b.a", "..kind"] + ["..a[*]"] * (not OLD)
)
plain_rules = st.builds(
    lambda chain, tail, more: "$" + "".join(chain) + tail + more,
    st.lists(steps, max_size=3), tails, st.sampled_from(["", ".a", ".b"]),
).filter(lambda rule: rule != "$")  # fmt: skip
judged_rules = st.sampled_from(
    ["$.a,b", "$..a..b", "$.a where b", "$..*", "$.items[?(@.kind)].a", "$.a.`parent`.b", "$"]
    + [
        "$.a[0]", "$.items[-1]", "$.items[0:2]", "$[0]", "$.items[*][1]", "$..items[0].a",
        "$..[?(@.kind)].a", "$..[?(@.password)]", "$.items[?(@.a == @.b)].password",
    ] * (not OLD)
)  # fmt: skip
rules = plain_rules | judged_rules


def reached(document: Any, rule: str) -> set[str]:
    """The leaves that jsonpath-ng says a rule reaches."""
    return {leaf for found in parse(rule).find(document) for leaf in leaves_of(found.value)}


@given(st.data())
def test_plain_paths_are_what_jsonpath_ng_says(data: st.DataObject) -> None:
    """The walker names the very places that jsonpath-ng finds."""
    document, rule = data.draw(documents()), data.draw(plain_rules)
    path = plain(rule)
    assert path is not None
    node = Node()
    node.add(path, rule)
    spans = json_walk.denied(json.dumps(document), State([node]), "$", str)
    walked = {
        leaf
        for start, end, _, _ in spans
        for leaf in leaves_of(json.loads(json.dumps(document)[start:end]))
    }
    assert walked == reached(document, rule)


@given(st.data())
def test_what_a_rule_names_goes_and_all_else_stays(data: st.DataObject) -> None:
    """In any dress and under any content type: no named leaf is left, no other is lost."""
    document = data.draw(documents())
    content = data.draw(dressed(document))
    chosen = data.draw(st.lists(rules, min_size=1, max_size=3, unique=True))
    content_type = data.draw(
        st.sampled_from(
            ["application/json", "application/vnd.api+json; charset=utf-8", "", "text/plain",
             "application/octet-stream", "text/html", "application/json; charset=latin-1"]
        )
    )  # fmt: skip
    after = redact(exchange(body(content, content_type)), redact_request_body=chosen).request.body
    gone = set().union(*(reached(document, rule) for rule in chosen))
    assert after.content is not None
    left = {leaf for leaf in leaves_of(parsed(after.content)) if not leaf.startswith("[REDACTED")}
    assert left == set(leaves_of(document)) - gone
    if not gone and not any(rule in ("$..*", "$") for rule in chosen):
        found = any(parse(rule).find(document) for rule in chosen)
        assert found or after.content == content


@given(st.data())
def test_lists_hold_at_the_top(data: st.DataObject) -> None:
    """Both lists see the top level, and a list's elements one by one."""
    document, content = (document := data.draw(documents())), data.draw(dressed(document))
    denied = data.draw(st.lists(st.sampled_from(NAMES), max_size=3))
    allowed = data.draw(st.none() | st.lists(st.sampled_from(NAMES), max_size=5))
    after = redact(exchange(content), denylist=denied, allowlist=allowed and (tuple(allowed),))
    expected = set()
    for top in document if isinstance(document, list) else [document]:
        for name, value in top.items() if isinstance(top, dict) else [(None, top)]:
            if name not in denied and (not allowed or name in allowed):
                expected |= set(leaves_of(value))
    content_after = after.request.body.content
    assert content_after is not None
    left = {leaf for leaf in leaves_of(parsed(content_after)) if "[REDACTED" not in leaf}
    assert left == expected


@given(st.data())
def test_redacting_twice_is_redacting_once(data: st.DataObject) -> None:
    """A second pass changes nothing, with the same rules."""
    content = data.draw(dressed(data.draw(documents())))
    options: dict[str, Any] = {
        "denylist": data.draw(st.lists(st.sampled_from(NAMES), max_size=2)),
        "allowlist": data.draw(st.sampled_from([None, (("a", "$.items"),)])),
        "redact_request_body": data.draw(st.lists(rules, max_size=2)),
        "redact_common_secrets": data.draw(st.booleans()),
        "redact_patterns": data.draw(st.sampled_from([(), ("card",), ("leaf1.{0,3}", "email")])),
    }
    once = redact(exchange(content), **options)
    assert redact(once, **options) == once


@given(st.data())
def test_common_secrets_go_at_any_depth(data: st.DataObject) -> None:
    """password, cvv and credit-card are among the usual names."""
    document = data.draw(documents())
    content = data.draw(dressed(document))
    found = redact(exchange(content), redact_common_secrets=True).request.body
    gone = reached(document, "$..password") | reached(document, "$..cvv")
    gone |= reached(document, "$..credit-card")
    left = {leaf for leaf in leaves_of(parsed(found.content or b"")) if "[RED" not in leaf}
    assert left == set(leaves_of(document)) - gone


KEPT_EXACTLY = [
    ('{"p": 1, "n": 1.10, "m": 12345678901234567890.000, "e": 1E400}', "p"),
    ('{ "p" :\t1 ,\n"i": Infinity, "j": -Infinity, "k": NaN }', "p"),
    ('{"p": 1, "d": 1, "d": 2, "s": "\\u00e9\\/"}', "p"),
    ('{"p": 1, "n": ' + "9" * 5000 + "}", "p"),
]


@pytest.mark.parametrize(("text", "name"), KEPT_EXACTLY, ids=range(len(KEPT_EXACTLY)))
def test_what_stays_keeps_its_exact_text(text: str, name: str) -> None:
    """Numbers keep their digits, members their order and their doubles, blanks their places."""
    after = redacted_body(text, denylist=(name,))
    assert after == text.replace(": 1,", ': "[REDACTED]",', 1).replace(
        ":\t1 ,", ':\t"[REDACTED]" ,', 1
    )


def test_duplicate_names_all_go() -> None:
    """A reader may take the first or the last of them; neither may be left."""
    text = '{"p": "one", "p": {"q": "two"}, "\\u0070": "three", "q": 4}'
    after = redacted_body(text, denylist=("p",))
    assert after == '{"p": "[REDACTED 3]", "p": "[REDACTED]", "\\u0070": "[REDACTED 5]", "q": 4}'


def test_duplicate_names_are_not_judged() -> None:
    """jsonpath-ng would see only the last: such a body is left out."""
    text = '{"a": [{"kind": "card", "kind": "x", "number": 7}]}'
    rule = "$.a[?(@.kind == 'card')].number"
    assert redacted_body(text, redact_request_body=(rule,)) == "redaction: duplicate names"


@pytest.mark.parametrize(
    "rule",
    ["$.credit-card.cvv", "$..password", "$.items[*].ssn", "$.a[?(@.kind == 'card')].number"],
)
def test_the_rules_of_the_vendors_documentation_work(rule: str) -> None:
    """Each takes its value and leaves its neighbour."""
    document = {
        "credit-card": {"cvv": "gone", "name": "kept"},
        "deep": [{"password": "gone", "user": "kept"}],
        "items": [{"ssn": "gone", "id": "kept"}, {"ssn": "gone"}],
        "a": [{"kind": "card", "number": "gone"}, {"kind": "iban", "number": "kept"}],
    }
    found = len(parse(rule).find(document))
    after = redacted_body(json.dumps(document), redact_request_body=(rule,))
    assert found
    assert after.count('"[REDACTED 4]"') == found
    assert after.count("gone") == 5 - found
    assert after.count("kept") == 4


def test_rules_with_every_case() -> None:
    """redact_ignore_case compares names without case; escapes and folding are seen through."""
    text = '{"PassWord": "x", "p\\u0041SSWORD": "y", "\\u212aey": "z", "stays": 1}'
    after = redacted_body(text, denylist=("password", "key"), redact_ignore_case=True)
    assert [value for value in json.loads(after).values() if value == "[REDACTED 1]"] == [
        "[REDACTED 1]"
    ] * 3


def test_json_lines_are_redacted_line_by_line() -> None:
    """Also without their own type; and one that is no JSON leaves the whole body out."""
    text = '{"p": 1, "q": 2}\n\n{"q": 3}\r\n{"p": "x"}\n'
    expected = '{"p": "[REDACTED]", "q": 2}\n\n{"q": 3}\r\n{"p": "[REDACTED 1]"}\n'
    for content_type in ("application/x-ndjson", "application/json", "text/plain", ""):
        assert redacted_body(body(text, content_type), denylist=("p",)) == expected
    broken = body('{"p": 1}\n{"p": 2', "application/x-ndjson")
    assert redacted_body(broken, denylist=("p",)) == "redaction: malformed"


BROKEN = [
    ('{"p": 1', "malformed"), ('{"p": 1}}', "malformed"), ('{"p": 1,}', "malformed"),
    ('{"p" 1}', "malformed"), ('{"p": }', "malformed"), ('{,"p": 1}', "malformed"),
    ('{"q": [1, {"x": tru}], "p": 1}', "malformed"), ('[{"p": 1}, ]', "malformed"),
    ('{"p": "\n"}', "malformed"), ("{'p': 1}", "malformed"), ('{"p": 01}', "malformed"),
    ('{"a":' * 100_000 + '{"p": 1}', "too deep"), ("[" * 100_000 + '"p"', "too deep"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("rules", [{"denylist": ("p",)}, {"redact_request_body": ("$..p",)}])
def test_what_cannot_be_read_is_left_out(text: str, reason: str, rules: Any) -> None:
    """The rest of the exchange is sent, and the marker says why."""
    after = redacted_body(text, **rules)
    assert after in {f"redaction: {reason}", "redaction: malformed"}


@pytest.mark.parametrize(
    ("came", "reason"),
    [
        (body('{"p": 1', truncated=True), "truncated"),
        (body(b'\x1f\x8b{"p": 1}', "application/json"), "undecodable"),
        (body(b'{"p": 1}', content_encoding="br"), "compressed"),
        (body(b"\x89PNG\0\0", "image/png"), "binary"),
        (body(b"a\0b", "text/plain"), "binary"),
        (body("+AHA-: 1", "text/plain; charset=utf-7"), "undecodable"),
        (body('{"p": 1}', "application/json; charset=utf-16"), "undecodable"),
        (body('data: {"p": 1}\n\n', "text/event-stream"), "event stream"),
        (body("<p>x</p>", "text/html"), "unknown type"),
        (body("p: hunter2", FORM), "malformed"),
        (body('{"p": 1}&', FORM), "malformed"),
        (body("%7B%22p%22%3A1%7D", FORM), "malformed"),
        (body("<a>&#112;</a>", "text/html"), "unknown type"),
        (body("x", "multipart/form-data; boundary=b"), "malformed"),
        (body("x", "multipart/form-data"), "malformed"),
    ],
)  # fmt: skip
def test_other_bodies_under_a_rule_are_left_out(came: Any, reason: str) -> None:
    """Unless their bytes prove the rule's names absent."""
    after = redact(exchange(came), denylist=("p",))
    assert after.request.body.omitted == f"redaction: {reason}"
    assert after.request.body.content is None
    assert ("request.body", reason) in [(r.place, r.reason) for r in after.redactions]


@pytest.mark.parametrize(
    "came",
    [
        body("<b>hello</b>", "text/html"), body('{"q": [1, 2', truncated=True),
        body("data: x\n\n", "text/event-stream"),
        body("caf\xe9".encode("latin-1"), "a/b; charset=latin-1"),
        body("h\xe9llo".encode()[:2], "text/plain", truncated=True), body("not json"),
    ],
)  # fmt: skip
def test_a_body_that_no_rule_can_touch_goes_byte_for_byte(came: Any) -> None:
    """Recognised text that does not hold the names is certain."""
    after = redact(exchange(came), denylist=("password",))
    assert after.request.body == came


def test_a_body_without_rules_is_not_looked_at() -> None:
    """Header defaults are no body rules."""
    came = body(b"\xff\0{", "application/json", content_encoding="zstd", truncated=True)
    assert redact(exchange(came)).request.body == came


def test_rules_hold_for_their_side_only() -> None:
    """redact_request_body leaves responses alone, and the other way round."""
    after = redact(exchange('{"p": 1}', '{"p": 1}'), redact_request_body=("$.p",))
    assert after.response.body.content == b'{"p": 1}'
    after = redact(exchange('{"p": 1}', '{"p": 1}'), redact_response_body=("$.p",))
    assert after.request.body.content == b'{"p": 1}'
    assert after.response.body.content == b'{"p": "[REDACTED]"}'


def test_a_rule_that_raises_leaves_the_body_out() -> None:
    """The parent of the root is an assertion in jsonpath-ng."""
    after = redacted_body('{"a": 1}', redact_request_body=("$.`parent`",))
    assert after == "redaction: rule failed"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"redact_request_body": ("$.a[",)}, "near the end"),
        ({"redact_response_body": ("$.a b",)}, "1:4 near token b"),
        ({"denylist": ("$.\xe9",)}, "col 2"),
        ({"redact_request_body": ("$.a.`len`",)}, "computes a value"),
        ({"redact_request_body": ("$.a + 1",)}, "computes a value"),
        ({"redact_patterns": ("(a+)+b",)}, "too long"),
        ({"redact_patterns": ("[a",)}, "position 0"),
        ({"redact_patterns": (r"(a)\1",)}, "refers back"),
        ({"redact_patterns": ("a*",)}, "empty text"),
    ],
)
def test_a_rule_that_cannot_be_compiled_says_where(options: Any, shown: str) -> None:
    """The error shows the rule and the place in it, while the middleware is built."""
    ((option, (rule,)),) = options.items()
    with pytest.raises(ConfigurationError) as error:
        redact(exchange(), **options)
    for part in (option, repr(rule), shown):
        assert part in str(error.value)


def test_plain_rules_need_no_jsonpath_ng() -> None:
    """Chains of names, [*] and one .. are compiled without it."""
    for rule in ("$.a.b", "a.b", "$..a", "$.a[*].b", "$['x y'].b", "$.credit-card.cvv"):
        assert plain(rule) is not None
    for rule in ("$.a[0]", "$.a[?(@.b)]", "$..a..b", "$.a where b", "$.a,b"):
        assert plain(rule) is None
        assert Judged("option", rule).rule == rule
    assert plain("$.true") is None


@only_new
def test_numbers_stay_numbers_where_they_are_compared() -> None:
    """Filters see the values; a number too long for an int counts as infinite."""
    text = '{"a": [{"n": ' + "9" * 5000 + ', "p": 1}, {"n": 2, "p": 3}]}'
    after = redacted_body(text, redact_request_body=("$.a[?(@.n > 5)].p",))
    assert '"p": "[REDACTED]"}, {"n": 2, "p": 3}' in after
    assert math.isinf(float("9" * 5000))
