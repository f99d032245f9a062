"""Fuzzes bodies and rules: no exception leaves the redactor, no canary leaves the process.

``python fuzz/redaction.py -max_total_time=300``: needs atheris, on Python 3.11 (make fuzz).
"""

from __future__ import annotations

import json
import sys

import atheris

with atheris.instrument_imports(include=["wsgi_apimetrics.redaction"]):
    from wsgi_apimetrics.exceptions import ConfigurationError, ExchangeDropped
    from wsgi_apimetrics.exchange import Body, Exchange, Request, Response
    from wsgi_apimetrics.redaction import bodies  # noqa: F401  it is imported late otherwise
    from wsgi_apimetrics.redaction.policy import RedactionPolicy
    from wsgi_apimetrics.redaction.redactor import Redactor
    from wsgi_apimetrics.redaction.vocabulary import README

CANARY = "canary7Qx"
TYPES = (
    "application/json", "text/plain", "", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b", "application/x-ndjson", "text/html",
    "application/json; charset=utf-16", "text/plain; charset=latin-1", "text/event-stream",
)  # fmt: skip
POLICIES = (
    {"denylist": ("password",), "redact_request_body": ("$..password",)},
    {"redact_common_secrets": True},
    {"redact_patterns": ("canary7Qx",)},
    {"allowlist": (("city",),)},
    {"redact_request_body": ("$..[?(@.password)].password", "$..password")},
)
REDACTORS = [Redactor(RedactionPolicy(**policy), README) for policy in POLICIES]  # type: ignore[arg-type]
DRESSES = (
    '{{"password": "{0}"}}', '[{{"a": [{{"password": "{0}"}}]}}]', "password={0}&city=x",
    '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{0}\r\n--b--\r\n',
    '{{"pass\\u0077ord": "{0}", "password": 1}}', "x=1;password={0}", "pass%77ord={0}",
)  # fmt: skip


def readable_canary(content: bytes) -> bool:
    """Whether a plain reader finds the canary under the name, at any depth."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if CANARY in str(value.get("password", "")):
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def one(data: bytes) -> None:
    """Redact a fuzzed exchange by a fixed rule set, and arbitrary rules by a fixed exchange."""
    provider = atheris.FuzzedDataProvider(data)
    content_type = TYPES[provider.ConsumeIntInRange(0, len(TYPES) - 1)]
    redactor = REDACTORS[provider.ConsumeIntInRange(0, len(REDACTORS) - 1)]
    dress = DRESSES[provider.ConsumeIntInRange(0, len(DRESSES) - 1)].format(CANARY)
    rule = provider.ConsumeUnicodeNoSurrogates(12)
    mutated = bytearray(dress.encode(provider.PickValueInList(["utf-8", "utf-16", "utf-32-le"])))
    for _ in range(provider.ConsumeIntInRange(0, 4)):
        place = provider.ConsumeIntInRange(0, len(mutated))
        mutated[place:place] = provider.ConsumeBytes(3)
    query = provider.ConsumeUnicode(20)
    content = bytes(mutated) + provider.ConsumeBytes(provider.remaining_bytes())
    exchange = Exchange(
        id="0b5a4c1e-3f55-4f26-9d5f-2f6c27a1c001",
        started_at=1.0,
        request=Request("POST", "http", "x", f"/{query}", query,
                        headers=(("Referer", f"/?{query}"), ("Cookie", query)),
                        body=Body(content, len(content), len(content), content_type)),
        response=Response(200),
    )  # fmt: skip
    redacted = redactor.redact(exchange)
    left = redacted.request.body.content
    if left is not None and redactor is not REDACTORS[2]:
        assert not readable_canary(left), (content, left)
    assert redactor.redact(redacted) == redacted
    try:
        Redactor(RedactionPolicy(redact_request_body=(rule or "$",)), README).redact(exchange)
    except ConfigurationError:
        return
    except ExchangeDropped as error:
        raise AssertionError(f"dropped: {error}") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
