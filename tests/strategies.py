"""Hypothesis strategies for the package's values, shared by the tests of every room."""

from __future__ import annotations

import dataclasses
import json
import string
import urllib.parse
import uuid

from hypothesis import strategies as st

from wsgi_apimetrics.exchange import (
    Body,
    ErrorRecord,
    Exchange,
    Group,
    RedactedExchange,
    Redaction,
    Request,
    Response,
    Timings,
)

any_text = st.text(st.characters(), max_size=12)
"""Any text at all: NULs, control characters and lone surrogates too."""

tokens = st.text(string.ascii_letters + string.digits + "-_.!~", min_size=1, max_size=10)
"""Names of headers (RFC 9110, section 5.6.2), methods and the like."""

field_values = st.text(st.characters(max_codepoint=255), max_size=12) | any_text
"""Values of headers: ISO-8859-1 as PEP 3333 has it, and what a careless app makes of it."""

headers = st.lists(st.tuples(tokens, field_values), max_size=6).map(tuple)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=8,
)
"""Whatever a JSON document may hold."""

pairs = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5)


def _json_body(value: object) -> bytes:
    return json.dumps(value).encode()


def _multipart_body(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    lines = []
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"'
        if filename is not None:
            disposition += f'; filename="{filename}"'
        lines.append(f"--frontier\r\nContent-Disposition: {disposition}\r\n\r\n".encode())
        lines.append(content + b"\r\n")
    return b"".join(lines) + b"--frontier--\r\n"


multipart_parts = st.lists(
    st.tuples(tokens, st.none() | tokens, st.binary(max_size=12).filter(lambda b: b"--" not in b)),
    max_size=4,
)
"""Names, file names (``None``: a plain field) and contents of a multipart form."""

typed_contents = st.one_of(
    st.tuples(json_values.map(_json_body), st.just("application/json")),
    st.tuples(st.text(max_size=20).map(str.encode), st.just("text/plain; charset=utf-8")),
    st.tuples(
        st.text(max_size=20).map(lambda text: text.encode("utf-16")),
        st.just("text/plain; charset=UTF-16"),
    ),
    st.tuples(
        pairs.map(lambda fields: urllib.parse.urlencode(fields).encode()),
        st.just("application/x-www-form-urlencoded"),
    ),
    st.tuples(
        multipart_parts.map(_multipart_body), st.just("multipart/form-data; boundary=frontier")
    ),
    st.tuples(st.binary(max_size=40), st.sampled_from(["image/png", "application/octet-stream"])),
    st.tuples(
        st.binary(max_size=40),
        st.sampled_from(
            [
                "",
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=frontier",
                "multipart/form-data",
                "text/plain; charset=nonsense",
                "text/plain; charset=utf-7",
            ]
        )
        | any_text,
    ),
)
"""Contents with a Content-Type: fitting ones, and ones that lie."""


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    """Whole, truncated, left out and unknown bodies."""
    content, content_type = draw(typed_contents)
    whole = len(content)
    how = draw(st.sampled_from(["whole", "truncated", "omitted", "none"]))
    if how == "none":
        return Body(content_type=content_type)
    if how == "omitted":
        reason = draw(st.sampled_from(["unread", "sendfile", "policy", "redaction: malformed"]))
        sizes = st.none() | st.integers(0, 10**12)
        return Body(None, draw(sizes), draw(sizes), content_type, omitted=reason)
    if how == "truncated":
        kept = content[: draw(st.integers(0, whole))]
        return Body(kept, whole, whole, content_type, truncated=len(kept) < whole)
    return Body(content, whole, draw(st.integers(0, 10**6)), content_type)


requests = st.builds(
    Request,
    method=tokens,
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(["api.example.com", "localhost:8000", "[::1]:80"]),
    path=any_text.map(lambda text: "/" + urllib.parse.quote(text, errors="surrogatepass")),
    query=pairs.map(urllib.parse.urlencode) | st.text("abc=&%+;:/é\xff", max_size=20),
    protocol_version=st.sampled_from(["1.0", "1.1", "2"]),
    headers=headers,
    body=bodies(),
    peer_address=st.sampled_from(["", "127.0.0.1", "::1"]),
    client_address=st.sampled_from(["", "203.0.113.9", "2001:db8::1"]),
    server_address=st.sampled_from(["", "localhost"]),
    server_port=st.none() | st.integers(1, 65535),
)

responses = st.builds(
    Response,
    status_code=st.integers(100, 599),
    status_text=st.text(string.printable, max_size=10),
    headers=headers,
    body=bodies(),
)

groups = st.builds(
    Group,
    id=any_text.filter(bool),
    label=st.none() | any_text,
    email=st.none() | any_text,
)

errors = st.builds(
    ErrorRecord,
    type=any_text,
    message=any_text,
    root_type=any_text,
    root_message=any_text,
    stack_trace=any_text,
    when=st.floats(0, 4e9),
)

seconds = st.floats(0, 1e5)

exchanges = st.builds(
    Exchange,
    id=st.uuids(version=4).map(str),
    started_at=st.floats(0, 4e9),
    request=requests,
    response=responses,
    timings=st.builds(Timings, wait=seconds, receive=seconds),
    kind=st.just("server"),
    group=groups,
    route=st.none() | st.sampled_from(["/", "/users/<int:id>", "/caf\xe9/{name}"]),
    path_params=st.dictionaries(tokens, st.integers() | any_text, max_size=3),
    framework=st.none() | st.sampled_from(["flask", "bottle"]),
    errors=st.lists(errors, max_size=2).map(tuple),
    aborted=st.booleans(),
    parent_id=st.none() | st.uuids(version=4).map(str),
    trace_id=st.integers(1, 2**128 - 1).map("{:032x}".format),
    parent_span_id=st.none() | st.integers(1, 2**64 - 1).map("{:016x}".format),
    sample_rate=st.floats(0.001, 1),
    tags=st.lists(tokens, max_size=3).map(tuple),
)
"""Any exchange of the ``server`` kind, with a group."""

client_exchanges = st.builds(
    dataclasses.replace,
    exchanges,
    kind=st.just("client"),
    response=responses | st.just(Response(0)),
)
"""Any outgoing call, answered or not."""

redactions = st.builds(
    Redaction, place=any_text, rule=any_text, reason=st.none() | st.sampled_from(["malformed"])
)


def redacted(exchange: Exchange, redactions: tuple[Redaction, ...] = ()) -> RedactedExchange:
    """Declare ``exchange`` redacted as it is: for tests of what comes behind redaction."""
    fields = {f.name: getattr(exchange, f.name) for f in dataclasses.fields(Exchange)}
    return RedactedExchange(**fields, redactions=redactions)


redacted_exchanges = st.builds(redacted, exchanges, st.lists(redactions, max_size=2).map(tuple))


def an_exchange(**changes: object) -> RedactedExchange:
    """Return one plain exchange: a JSON request and its JSON answer, with ``changes``."""
    plain = Exchange(
        id=str(uuid.UUID(int=7, version=4)),
        started_at=1_700_000_000.1234,
        request=Request(
            method="POST",
            scheme="https",
            host="api.example.com",
            path="/users",
            query="page=2&tag=a&tag=b",
            headers=(("Host", "api.example.com"), ("Content-Type", "application/json")),
            body=Body(b'{"name": "Ada"}', 15, 15, "application/json"),
            client_address="203.0.113.9",
        ),
        response=Response(
            status_code=201,
            status_text="Created",
            headers=(("Content-Type", "application/json"),),
            body=Body(b'{"id": 1}', 9, 9, "application/json"),
        ),
        timings=Timings(wait=0.012, receive=0.003),
        group=Group("sha512-x?1234", "Ada", "ada@example.com"),
    )
    return redacted(dataclasses.replace(plain, **changes))
