"""The apps and the requests that everything is measured with."""

from __future__ import annotations

import io
import json
import sys

REQUEST = json.dumps(
    {
        "user": {"name": "Ann Example", "password": "hunter2-hunter2", "city": "Ghent"},
        "items": [{"id": i, "sku": f"sku-{i:04}", "note": "as usual"} for i in range(16)],
    }
).encode()


def _response(users):
    return json.dumps(
        {
            "api_key": "k" * 20,
            "owner": {"name": "Ann Example", "email": "ann@example.com"},
            "users": [
                {
                    "id": i,
                    "name": "Some Name",
                    "email": "a@example.com",
                    "score": i * 1.5,
                    "ok": True,
                }
                for i in range(users)
            ],
        }
    ).encode()


RESPONSE = _response(24)
LARGE = _response(1230)

HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Set-Cookie", "session=abcdef; HttpOnly"),
    ("X-Request-Id", "f3b1c2"),
    ("Vary", "Accept"),
]

RULES = {
    "redact_request_body": ["$.user.password", "$.user.name"],
    "redact_response_body": ["$.api_key", "$.owner.email"],
}
"""Four plain paths, all of which are in the bodies."""

WIDE_RULES = {
    "redact_request_body": ["$.user.password", "$.items[*].note"],
    "redact_response_body": ["$.api_key", "$.users[*].email"],
}
"""Paths that name 43 values in the bodies."""

TEN_RULES = {
    **RULES,
    "redact_headers": ["X-Session", "X-Token", "X-Signature"],
    "denylist": ["token", "password", "secret"],
}


def json_app(body, headers=tuple(HEADERS)):
    """Return an app that reads its request and answers with ``body``."""
    headers = [*headers, ("Content-Length", str(len(body)))]

    def app(environ, start_response):
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", list(headers))
        return [body]

    return app


def flask_app(body, headers=tuple(HEADERS)):
    """Return a Flask app that does the same."""
    from flask import Flask, Response, request

    app = Flask("bench")

    @app.post("/users/<int:number>")
    def users(number):
        request.get_data()
        return Response(body, headers=list(headers))

    return app


def streaming_app(chunks, size=1024):
    """Return an app that answers in chunks."""
    chunk = b"x" * size

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return (chunk for _ in range(chunks))

    return app


def environ(body=REQUEST, path="/users/42", **more):
    """Return an environ as gunicorn makes it: twelve headers, and its own objects."""
    return {
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": io.BytesIO,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": "gunicorn/27.0.1",
        "wsgi.input": io.BytesIO(body),
        "gunicorn.socket": sys.stdout,
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "page=2&sort=name",
        "RAW_URI": f"{path}?page=2&sort=name",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "52100",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "HTTP_HOST": "api.example.com",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "HTTP_ACCEPT": "application/json",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "HTTP_CONNECTION": "keep-alive",
        "HTTP_AUTHORIZATION": "Bearer abcdefghijklmnop",
        "HTTP_COOKIE": "session=abcdef; theme=dark",
        "HTTP_REFERER": "https://example.com/page",
        "HTTP_X_REQUEST_ID": "f3b1c2",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        **more,
    }


def ignore(status, headers, exc_info=None):
    """Be a ``start_response`` that costs nothing."""
    return


def serve(app, environs):
    """Answer the requests as a server does: every chunk taken, every response closed."""
    for one in environs:
        app_iter = app(one, ignore)
        for _ in app_iter:
            pass
        close = getattr(app_iter, "close", None)
        if close is not None:
            close()
