"""A few dozen calls and the app that answers them; run as a script, one package is driven.

``python readme_calls.py theirs|ours URL`` sends every call through the app, wrapped by
readme-metrics or by us with the same options, whose logs go to URL. A process of its own for
each: theirs warns, and neither must see the other.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

PNG = b"\x89PNG\r\n\x1a\n\x00\x00"
FORM = "application/x-www-form-urlencoded"
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="who"\r\n\r\nAda\r\n'
    b'--b\r\nContent-Disposition: form-data; name="pic"; filename="owlbert.png"\r\n'
    b"Content-Type: image/png\r\n\r\n" + PNG + b"\r\n--b--\r\n"
)
NESTED = json.dumps({"user": {"secret": "s3"}, "secret": "s1"}).encode()


@dataclass(frozen=True)
class Call:
    """One request; ``filtered``: with a denylist of "secret", else without any."""

    name: str
    method: str = "GET"
    path: str = "/things"
    query: str = ""
    body: bytes | None = None
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    answer: str = "json"
    caller: str = "ada"
    filtered: bool = False
    environ: dict[str, Any] = field(default_factory=dict)


def post(name: str, body: bytes, content_type: str | None, **more: Any) -> Call:
    return Call(name, more.pop("method", "POST"), body=body, content_type=content_type, **more)


CALLS = (
    # methods and targets
    Call("get"),
    Call("head", "HEAD"),
    Call("options", "OPTIONS"),
    Call("delete", "DELETE"),
    Call("root", path="/"),
    Call("mounted", environ={"SCRIPT_NAME": "/api"}),
    Call("not ASCII path", path="/caf\xc3\xa9 au lait"),
    Call("query", query="a=1&b=two"),
    Call("repeated query name", query="a=1&a=2"),
    Call("empty query value", query="a=&b"),
    Call("escaped query", query=urlencode({"q": "café & co"})),
    # request headers
    Call("authorization", headers=(("Authorization", "Bearer abcdefgh1234"),)),
    Call("cookie", headers=(("Cookie", "session=abc"),)),
    Call("other host", headers=(("Host", "other.example.com"),)),
    # request bodies
    post("JSON body", b'{"name":"Ada"}', "application/json"),
    post("JSON list body", b'[1,"two",null]', "application/json"),
    post("broken JSON body", b'{"name":', "application/json"),
    post("text body", b"hello", "text/plain"),
    post("UTF-8 text body", "héllo".encode(), "text/plain"),
    post("Latin-1 body", "héllo".encode("latin-1"), "text/plain; charset=iso-8859-1"),
    post("binary body", PNG, "image/png"),
    post("form body", b"a=1&b=x+y", FORM),
    post("repeated form name", b"a=1&a=2", FORM),
    post("form with charset", b"a=1", f"{FORM}; charset=utf-8"),
    post("multipart body", MULTIPART, "multipart/form-data; boundary=b"),
    post("body without type", b"hello", None),
    Call("empty post", "POST", environ={"CONTENT_LENGTH": "0"}),
    post("put", b'{"n":1}', "application/json", method="PUT"),
    post("patch", b'{"n":1}', "application/json", method="PATCH"),
    post("delete with body", b'{"n":1}', "application/json", method="DELETE"),
    Call("post without length", "POST", environ={"CONTENT_LENGTH": None}),
    # answers
    Call("text answer", answer="text"),
    Call("binary answer", answer="png"),
    Call("Latin-1 answer", answer="latin"),
    Call("empty answer", answer="nothing"),
    Call("streamed answer", answer="stream"),
    Call("answer without length", answer="unsized"),
    Call("answer without type", answer="untyped"),
    Call("two cookies", answer="cookies"),
    Call("redirect", answer="redirect"),
    Call("not found", answer="missing"),
    Call("server error", answer="broken"),
    Call("app raises", answer="raises"),
    # who called
    Call("nobody", caller="nobody"),
    Call("only a key", caller="bare"),
    Call("id for api_key", caller="id"),
    Call("more fields", caller="more"),
    Call("no key", caller="keyless"),
    Call("grouping fails", caller="raise"),
    Call("short key", caller="short"),
    # a denylist
    Call("filter", filtered=True),
    Call("filtered header", headers=(("Secret", "hunter2"),), filtered=True),
    Call("filtered query", query="secret=hunter2&a=1", filtered=True),
    Call("filtered answer", answer="secret", filtered=True),
    post("filtered JSON", b'{"secret":"hunter2","n":1}', "application/json", filtered=True),
    post("filtered nested JSON", NESTED, "application/json", filtered=True),
    post("filtered form", b"secret=hunter2&a=1", FORM, filtered=True),
)

CALLERS: dict[str, Any] = {
    "ada": {"api_key": "ada-key-1234", "label": "Ada", "email": "ada@example.com"},
    "nobody": None,
    "bare": {"api_key": "bare-key-1234"},
    "id": {"id": "id-key-1234", "label": "I", "email": "i@example.com"},
    "more": {"api_key": "more-key-1234", "label": "M", "email": "m@example.com", "plan": "pro"},
    "keyless": {"label": "L", "email": "l@example.com"},
    "short": {"api_key": "k", "label": "S", "email": "s@example.com"},
}


def who(request: Any) -> Any:
    caller = request.headers["X-Caller"]
    if caller == "raise":
        raise RuntimeError("no database")
    found = CALLERS[caller]
    return found and dict(found)


def _sized(body: bytes, content_type: str, *headers: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]


def _simple(status: str, body: bytes, content_type: str, *headers: tuple[str, str]) -> Any:
    return lambda: (status, _sized(body, content_type, *headers), [body])


_JSON = "application/json"
ANSWERS: dict[str, Any] = {
    "json": _simple("200 OK", b'{"id":1}', _JSON),
    "text": _simple("200 OK", "bonne journée".encode(), "text/plain; charset=utf-8"),
    "secret": _simple("200 OK", b'{"secret":"hunter2","n":1}', _JSON),
    "png": _simple("200 OK", PNG, "image/png"),
    "latin": _simple("200 OK", "é".encode("latin-1"), "text/plain; charset=iso-8859-1"),
    "nothing": lambda: ("204 No Content", [], []),
    "stream": lambda: ("200 OK", [("Content-Type", "text/plain")], iter([b"a", b"b", b"c"])),
    "unsized": lambda: ("200 OK", [("Content-Type", _JSON)], [b'{"id":1}']),
    "untyped": lambda: ("200 OK", [], [b"hello"]),
    "cookies": _simple("200 OK", b"{}", _JSON, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")),
    "redirect": _simple("302 Found", b"moved", "text/plain", ("Location", "/other")),
    "missing": _simple("404 Not Found", b'{"error":"no"}', _JSON),
    "broken": _simple("500 Internal Server Error", b'{"error":"oh"}', _JSON),
}


def app(environ: Any, start_response: Any) -> Any:
    """Read the body and give the answer that the request's header names."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = environ["HTTP_X_ANSWER"]
    if answer == "raises":
        raise RuntimeError("the app is broken")
    status, headers, body = ANSWERS[answer]()
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body


def environ_of(call: Call) -> dict[str, Any]:
    """Return what a server would make of the call."""
    from werkzeug.test import EnvironBuilder

    builder = EnvironBuilder(
        method=call.method,
        base_url="https://api.example.com",
        data=call.body,
        content_type=call.content_type,
        headers=[("X-Call", call.name), ("X-Answer", call.answer), ("X-Caller", call.caller)]
        + [pair for pair in call.headers if pair[0] != "Host"],
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    environ = builder.get_environ()
    environ |= {"PATH_INFO": call.path, "QUERY_STRING": call.query}
    environ |= {f"HTTP_{name.upper()}": value for name, value in call.headers if name == "Host"}
    environ |= call.environ
    return {name: value for name, value in environ.items() if value is not None}


def main(package: str, url: str) -> None:
    """Send every call through ``app`` under one package; tell which of them broke the app."""
    if package == "theirs":
        from readme_metrics import MetricsApiConfig, MetricsMiddleware
    else:
        from wsgi_apimetrics.readme import MetricsApiConfig, MetricsMiddleware
    wrapped = {}
    for denylist in (None, ["secret"]):
        config = MetricsApiConfig(
            "key",
            who,
            base_log_url="https://docs.example.com",
            buffer_length=1,
            background_worker_mode=False,
            denylist=denylist,
            allowed_http_hosts=["api.example.com"],
        )
        config.METRICS_API = url
        wrapped[denylist is not None] = MetricsMiddleware(app, config)
    answers = {}
    for call in CALLS:
        got: dict[str, Any] = {}

        def start_response(status: str, headers: Any, *_: Any, got: Any = got) -> Any:
            got.update(status=status, link=dict(headers).get("x-documentation-url", ""))

        try:
            result = wrapped[call.filtered](environ_of(call), start_response)
            got["body"] = b"".join(result).decode("latin-1")
            getattr(result, "close", bool)()
        except Exception as error:
            got["error"] = type(error).__name__
        answers[call.name] = got
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
