"""A small shop: the Flask API that the demo watches.

Nothing in it knows that it is watched but the last lines, which wrap it. It answers JSON,
forms, uploads, pictures, streams and errors, and it handles every kind of secret.
"""

from __future__ import annotations

import json
import os
import random
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from wsgi_apimetrics import ApiMetricsMiddleware, Local

CUSTOMERS = {
    "key-of-ada-7f3a": {"label": "Ada's Analytics", "email": "ada@analytics.example"},
    "key-of-grace-51bc": {"label": "Grace & Co", "email": "grace@hopper.example"},
    "key-of-alan-99e0": {"label": "Turing Tea", "email": "alan@tea.example"},
    "key-of-mary-c4d2": {"label": "Somerville Stars", "email": "mary@stars.example"},
}
PRODUCTS = {
    number: {"id": number, "name": name, "price": price}
    for number, (name, price) in enumerate(
        [("Lamp", 39.0), ("Desk", 249.0), ("Chair", 129.5), ("Shelf", 89.0), ("Märchenbuch", 12.9)],
        start=1,
    )
}

_NOBODY = {"api_key": "nobody", "label": "(no key)"}

app = Flask(__name__)


def customer(incoming: Any) -> dict[str, str] | None:
    """Say who called, from the API key: this is the grouping function."""
    key = incoming.headers.get("X-Api-Key", "")
    return {"api_key": key, **CUSTOMERS[key]} if key in CUSTOMERS else _NOBODY


@app.get("/products")
def products() -> ResponseReturnValue:
    """List the products."""
    return jsonify(products=list(PRODUCTS.values()), page=request.args.get("page", 1))


@app.get("/products/<int:number>")
def product(number: int) -> ResponseReturnValue:
    """Show one product."""
    return jsonify(PRODUCTS.get(number) or abort(404))


@app.post("/orders")
def order() -> ResponseReturnValue:
    """Take an order, with a card."""
    wanted = request.get_json()
    if not wanted.get("items"):
        return jsonify(error="an order needs items"), 422
    time.sleep(random.uniform(0.01, 0.06))  # noqa: S311 - no secret
    total = sum(PRODUCTS[item]["price"] for item in wanted["items"])  # type: ignore[misc]
    receipt = {"order": random.randrange(10**6), "total": total, "card": wanted.get("card")}  # noqa: S311
    return jsonify(receipt), 201


@app.post("/login")
def login() -> ResponseReturnValue:
    """Log in with a form; the session comes as a cookie."""
    if request.form.get("password") != os.environ.get("DEMO_PASSWORD"):
        return jsonify(error="wrong name or password"), 401
    answer = make_response(jsonify(user=request.form["name"], access_token=_token()))
    answer.set_cookie("session", _token(), httponly=True)
    return answer


@app.put("/users/<name>/avatar")
def upload(name: str) -> ResponseReturnValue:
    """Take a picture."""
    picture = request.files["picture"]
    return jsonify(user=name, bytes=len(picture.read()), note=request.form.get("note"))


@app.get("/users/<name>/avatar")
def avatar(name: str) -> ResponseReturnValue:
    """Send a picture."""
    return Response(_png(sum(name.encode()) % 256), mimetype="image/png")


@app.patch("/users/<name>")
def change(name: str) -> ResponseReturnValue:
    """Change a user."""
    return jsonify(user=name, changed=sorted(request.get_json()))


@app.delete("/users/<name>")
def remove(name: str) -> ResponseReturnValue:
    """Delete a user, for those who may."""
    del name
    return ("", 204) if "Authorization" in request.headers else (jsonify(error="who?"), 403)


@app.get("/export")
def export() -> ResponseReturnValue:
    """Stream every order there ever was, a line at a time."""

    def rows() -> Iterator[str]:
        for number in range(200):
            time.sleep(0.0005)
            yield json.dumps({"order": number, "total": number * 1.5}) + "\n"

    return Response(rows(), mimetype="application/x-ndjson")


@app.get("/events")
def events() -> ResponseReturnValue:
    """Stream events as they happen."""

    def happen() -> Iterator[str]:
        for number in range(5):
            time.sleep(0.03)
            yield f"event: tick\ndata: {number}\n\n"

    return Response(happen(), mimetype="text/event-stream")


@app.get("/search")
def search() -> ResponseReturnValue:
    """Search, with a token in the query as it should not be."""
    word = request.args.get("q", "")
    return jsonify(found=[p for p in PRODUCTS.values() if word.lower() in str(p["name"]).lower()])


@app.get("/reports/<int:year>")
def report(year: int) -> ResponseReturnValue:
    """Fail, as code does."""
    figures: dict[int, float] = {2024: 1.5}
    return jsonify(growth=figures[year])


def _token() -> str:
    return os.environ.get("DEMO_TOKEN", "none")


def _png(shade: int) -> bytes:
    """Return a grey picture of 16 by 16."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        sum_ = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sum_)

    pixels = (b"\x00" + bytes([shade]) * 16) * 16
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    )


# This is all that an app does to be watched. Where the store is comes from the environment.
app.wsgi_app = ApiMetricsMiddleware(  # type: ignore[method-assign]
    app.wsgi_app,
    Local(grouping_function=customer),
    redact_common_secrets=True,
    redact_patterns=["card", "jwt"],
)
