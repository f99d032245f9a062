"""Exchanges of every sort that the pages show."""

from __future__ import annotations

import base64
import json
import uuid

from wsgi_apimetrics.exchange import (
    Body,
    ErrorRecord,
    Exchange,
    Group,
    Redaction,
    Request,
    Response,
    Timings,
)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR42mNk+M+AFTBhFx6sEgBXQwEPdMjeuAAAAABJRU5ErkJggg=="
)
FORM = "application/x-www-form-urlencoded"


def body(content=b"", content_type=""):
    if isinstance(content, (dict, list)):
        content, content_type = json.dumps(content).encode(), "application/json"
    return Body(content, len(content), len(content), content_type)


def exchange(path="/users/7", *, method="GET", status=200, at, sent=b"", got=b"", **more):
    """One exchange; bodies are :class:`Body` or what JSON has."""
    sent = sent if isinstance(sent, Body) else body(sent)
    got = got if isinstance(got, Body) else body(got)
    headers = more.pop("headers", (("Accept", "*/*"),))
    request = Request(
        method,
        "https",
        more.pop("host", "api.example.com"),
        path,
        query=more.pop("query", ""),
        headers=headers,
        body=sent,
        client_address="203.0.113.9",
    )
    answered = (("Content-Type", got.content_type),) if got.content_type else ()
    return Exchange(
        id=str(uuid.uuid4()),
        started_at=at,
        request=request,
        response=Response(status, headers=answered, body=got),
        timings=Timings(more.pop("duration", 0.02), 0.0),
        **more,
    )


def varied(now):
    """Return one exchange of each sort, with what was redacted, by name."""
    ada = Group("sha512-abc", "Ada's Analytics", "ada@example.com")
    error = ErrorRecord("KeyError", "'year'", "KeyError", "'year'", "Traceback: line 1", now)
    redacted = exchange(
        "/orders",
        method="POST",
        status=201,
        at=now - 50,
        group=ada,
        route="/orders",
        sent={"card": {"number": "[REDACTED 16]"}, "items": [1, 2.50, None, True]},
        got={"order": 12345678901234567890, "tree": {"leaf": "lamp"}},
        headers=(("Authorization", "[REDACTED 20]"), ("Cookie", "a=1; b=2")),
        query="page=2&sort=price",
    )
    child = exchange(
        "/charge", at=now - 49.99, kind="client", host="pay.example.net", parent_id=redacted.id
    )
    notes = (
        Redaction("request.headers.Authorization", "sensitive header"),
        Redaction("request.body.$.card.number", "denylist: number"),
    )
    plain = {
        "json": exchange("/users/7", at=now - 40, group=ada, got={"name": "Ada", "tags": ["x"]}),
        "form": exchange("/login", method="POST", at=now - 39, sent=body(b"user=ada&x=1", FORM)),
        "image": exchange("/avatar", at=now - 38, got=body(PNG, "text/html")),
        "binary": exchange("/blob", at=now - 37, got=body(b"\0\1\2\xff" * 40, "image/png")),
        "error": exchange("/reports", at=now - 36, status=500, errors=(error,), duration=1.5),
        "missing": exchange("/nowhere", at=now - 35, status=404),
        "child": child,
    }
    return {"redacted": (redacted, notes), **{name: (one, ()) for name, one in plain.items()}}


CORPUS = (
    "<script>hacked()</script>",
    "<img src=x onerror=hacked()>",
    '"><svg onload=hacked()>',
    "'-hacked()-'",
    "</textarea></title></script><script>hacked()</script>",
    "javascript:hacked()",
    "{{ 7 * 7 }}{% include 'x' %}${hacked()}",
    "<iframe srcdoc='<script>parent.hacked()</script>'>",
    "<a href=javascript:hacked() autofocus onfocus=hacked()>",
    "<style>@import 'x'</style><link rel=stylesheet href=x>",
    "--><!-- ]]> <math><mtext><table><mglyph><style><img src=x onerror=hacked()>",
    "\u202egnp.exe\u0000\x1b[31m\r\nSet-Cookie: x=1",
    "<base href='//evil.invalid/'><meta http-equiv=refresh content='0;url=//evil.invalid'>",
)


def hostile(text, at):
    """Return an exchange with ``text`` in every field that a stranger can write."""
    group = Group(text, text, text)
    error = ErrorRecord(text, text, f"{text}!", text, text, at)
    common = {
        "at": at,
        "group": group,
        "route": text,
        "path_params": {text: text},
        "framework": text,
        "errors": (error,),
        "tags": (text,),
        "headers": ((text, text), ("Cookie", f"{text}={text}"), ("Referer", text)),
        "query": f"{text}={text}",
        "host": text,
    }
    bodies = (
        body({text: [text, {text: text}]}),
        body(text.encode(), "text/html"),
        body(f"a={text}".encode(), FORM),
        body(f"<svg xmlns='http://www.w3.org/2000/svg'>{text}</svg>".encode(), "image/svg+xml"),
        Body(None, 1, 1, text, omitted=text),
    )
    notes = (Redaction(f"request.headers.{text}", text, text),)
    return [
        (exchange("/" + text, method=text, sent=sent, got=sent, **common), notes) for sent in bodies
    ]
