"""Apps that differ in how they read, and requests that are odd."""

from __future__ import annotations

import gzip
import io

from werkzeug.wsgi import get_input_stream

from .responses import TEXT, Chunks
from .species import LOREM, UNKNOWN, Call, species

ZIPPED = gzip.compress(LOREM * 100, mtime=0)
POST = Call("POST", body=LOREM)


def answer(start_response, content):
    start_response("200 OK", [*TEXT])
    return [content]


def echo(name, call=POST, *, body=LOREM, read=LOREM, **more):
    """Register an app that answers what ``style(stream)`` returns."""
    recorded = {"as_came": True, "request_body": read, "request_size": len(LOREM), **more}

    def register(style):
        @species(name, call, body=body, **recorded)
        def app(journal, environ, start_response):
            return answer(start_response, style(environ["wsgi.input"]))

        return style

    return register


@echo("echo-read-all", compliant=False, wire=False)
def read_all(stream):
    return stream.read()


@echo("echo-read-minus-one", wire=False)
def read_minus_one(stream):
    return stream.read(-1)


@echo("echo-read-exact")
def read_exact(stream):
    return stream.read(len(LOREM))


@echo("echo-read-sized")
def read_sized(stream):
    return b"".join(stream.read(min(7, len(LOREM) - at)) for at in range(0, len(LOREM), 7))


@echo("echo-read-past-the-end", wire=False)
def read_past_the_end(stream):
    return b"".join(iter(lambda: stream.read(1000), b""))


@echo("echo-read-zero", body=b"", read=None, request_omitted="unread")
def read_zero(stream):
    return stream.read(0)


@echo("echo-readline", wire=False)
def readline(stream):
    return b"".join(iter(stream.readline, b""))


@echo("echo-readline-sized", wire=False)
def readline_sized(stream):
    return b"".join(iter(lambda: stream.readline(4), b""))


@echo("echo-readlines", wire=False)
def readlines(stream):
    return b"".join(stream.readlines())


@echo("echo-readlines-hint", wire=False)
def readlines_hint(stream):
    return b"".join(stream.readlines(3)) + b"".join(stream.readlines())


@echo("echo-iterate", wire=False)
def iterate(stream):
    return b"".join(stream)


@echo("echo-iterate-iter-only", Call("POST", body=LOREM, stream="iter-only"), wire=False)
def iterate_iter_only(stream):
    return b"".join(stream)


@echo("echo-mixed", compliant=False, wire=False)
def mixed(stream):
    return stream.read(3) + stream.readline() + next(iter(stream)) + stream.read()


@echo("echo-partial", body=LOREM[:9], read=LOREM[:9])
def partial(stream):
    return stream.read(9)


@echo("echo-unread", body=b"", read=None, request_omitted="unread")
def unread(stream):
    return b""


@species("werkzeug-stream", POST, body=LOREM, request_body=LOREM, as_came=True)
def werkzeug_stream(journal, environ, start_response):
    return answer(start_response, get_input_stream(environ).read())


@species("werkzeug-readinto", POST, body=LOREM, request_body=LOREM, as_came=True)
def werkzeug_readinto(journal, environ, start_response):
    stream = get_input_stream(environ)
    buffer = bytearray(16)
    parts = []
    while count := stream.readinto(buffer):
        parts.append(bytes(buffer[:count]))
    return answer(start_response, b"".join(parts))


@species(
    "chunked-upload",
    Call(
        "POST",
        body=LOREM,
        declared="absent",
        extra={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    ),
    body=LOREM,
    request_body=LOREM,
    as_came=True,
    compliant=False,
    wire=False,
)
def chunked_upload(journal, environ, start_response):
    return answer(start_response, environ["wsgi.input"].read())


@species("streamed-echo", POST, body=LOREM, request_body=LOREM)
def streamed_echo(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    stream, left = environ["wsgi.input"], len(LOREM)
    return Chunks(journal, (stream.read(min(10, left - at)) for at in range(0, left, 10)))


@species("mutates-environ", Call(path="/more", query="a=1"), body=b"ok", as_came=True)
def mutates_environ(journal, environ, start_response):
    environ["SCRIPT_NAME"] += environ["PATH_INFO"]
    environ["PATH_INFO"] = "/changed"
    environ["QUERY_STRING"] = "changed=1"
    environ.pop("HTTP_X_KEPT")
    environ["REQUEST_METHOD"] = "DELETE"
    return answer(start_response, b"ok")


@species(
    "replaces-input", POST, body=b"other", request_body=None, request_omitted="unread", as_came=True
)
def replaces_input(journal, environ, start_response):
    environ["wsgi.input"] = io.BytesIO(b"other")
    return answer(start_response, environ["wsgi.input"].read())


@species("makes-input-seekable", POST, body=LOREM * 2, request_body=LOREM, as_came=True)
def makes_input_seekable(journal, environ, start_response):
    content = environ["wsgi.input"].read(len(LOREM))
    environ["wsgi.input"] = io.BytesIO(content)
    again = environ["wsgi.input"].read()
    return answer(start_response, content + again)


@species(
    "inspects-input", POST, body=b"ok", request_body=None, request_omitted="unread", as_came=True
)
def inspects_input(journal, environ, start_response):
    stream = environ["wsgi.input"]
    for name in ("read", "seek", "fileno", "peculiar", "closed", "nothing_like_it"):
        journal.note("input has", name, hasattr(stream, name))
    journal.note("peculiar", getattr(stream, "peculiar", None))
    return answer(start_response, b"ok")


@species(
    "minimal-environ",
    Call(
        extra=dict.fromkeys(
            ("CONTENT_TYPE", "QUERY_STRING", "REMOTE_ADDR", "HTTP_HOST", "PATH_INFO", "HTTP_X_KEPT")
        ),
        declared="absent",
    ),
    body=b"ok",
    as_came=True,
    wire=False,
)
def minimal_environ(journal, environ, start_response):
    return answer(start_response, b"ok")


@species(
    "odd-headers",
    Call(
        path="/caf\xc3\xa9/\xff\udc80",
        query="q=%ff&\xe9",
        extra={"HTTP_X_ODD": "\xff\udc80\x00", "HTTP_X_": "", "HTTP_HOST": "\xffhost:notaport"},
    ),
    body=b"ok",
    as_came=True,
    wire=False,
)
def odd_headers(journal, environ, start_response):
    return answer(start_response, b"ok")


def _declared(name, declared, **more):
    @species(
        name,
        Call("POST", body=LOREM, declared=declared),
        body=b"ok",
        request_body=LOREM[:4],
        as_came=True,
        compliant=False,
        wire=False,
        **more,
    )
    def app(journal, environ, start_response):
        environ["wsgi.input"].read(4)
        return answer(start_response, b"ok")


_declared("content-length-abc", "abc")
_declared("content-length-empty", "")
_declared("content-length-negative", "-5")
_declared("content-length-absurd", "9" * 30)
_declared("content-length-endless", "9" * 5000)
_declared("content-length-absent", "absent")


@species(
    "gzip-partly-read",
    Call("POST", body=ZIPPED, extra={"HTTP_CONTENT_ENCODING": "gzip"}),
    body=b"ok",
    request_body=LOREM * 100,
    request_size=UNKNOWN,
    as_came=True,
    wire=False,
)
def gzip_partly_read(journal, environ, start_response):
    environ["wsgi.input"].read(len(ZIPPED) - 1)
    return answer(start_response, b"ok")


@species("options", Call("OPTIONS"), count=0, as_came=True)
def options(journal, environ, start_response):
    journal.note("input", type(environ["wsgi.input"]).__name__)
    return answer(start_response, b"")


@species(
    "upgrade",
    Call(extra={"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}),
    count=0,
    wire=False,
)
def upgrade(journal, environ, start_response):
    journal.note("input", type(environ["wsgi.input"]).__name__)
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [b"up"])


@species("skips-itself", count=0)
def skips_itself(journal, environ, start_response):
    environ["wsgi_apimetrics.skip"] = True
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [b"secret"])
