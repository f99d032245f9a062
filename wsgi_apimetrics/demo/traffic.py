"""The demo's clients: a few hundred mixed requests, the same ones every time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import urllib3

from . import secrets

KEYS = ("key-of-ada-7f3a", "key-of-grace-51bc", "key-of-alan-99e0", "key-of-mary-c4d2")
_WEIGHTS = (8, 4, 2, 1)
_AGENTS = ("shop-ios/4.2", "python-requests/2.32", "curl/8.5", "Mozilla/5.0 (demo)")


@dataclass(frozen=True)
class Call:
    """One request to make."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    fields: dict[str, Any] | None = None


def calls(count: int, seed: int = 7) -> Iterator[Call]:
    """Yield ``count`` calls; the first are one of each kind."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    makers = list(_KINDS)
    for number in range(count):
        maker = makers[number] if number < len(makers) else _pick(chance)
        call = maker(chance)
        key = chance.choices(KEYS, _WEIGHTS)[0]
        headers = {"User-Agent": chance.choice(_AGENTS), **call.headers}
        if maker is not _anonymous:
            headers["X-Api-Key"] = key
        yield Call(call.method, call.target, headers, call.body, call.fields)


def drive(url: str, wanted: Iterator[Call], each: Callable[[], None]) -> int:
    """Make the calls, eight at a time; ``each`` is told of every one.

    Returns:
        How many were answered.
    """
    http = urllib3.PoolManager(maxsize=8, retries=False, timeout=10.0)

    def make(call: Call) -> bool:
        try:
            http.request(
                call.method, url + call.target, call.body, call.fields, headers=call.headers
            )
        except urllib3.exceptions.HTTPError:
            return False
        finally:
            each()
        return True

    with ThreadPoolExecutor(8) as threads:
        answered = sum(threads.map(make, wanted))
    http.clear()
    return answered


def _json(method: str, target: str, content: Any, **headers: str) -> Call:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    names["Content-Type"] = "application/json"
    return Call(method, target, names, json.dumps(content).encode())


def _products(chance: random.Random) -> Call:
    return Call("GET", f"/products?page={chance.randint(1, 9)}&sort=price")


def _product(chance: random.Random) -> Call:
    return Call("GET", f"/products/{chance.choice((1, 2, 3, 4, 5, 5, 404))}")


def _order(chance: random.Random) -> Call:
    card = {"number": secrets.CARD, "cvc": secrets.CVC, "holder": "Ada Lovelace"}
    content = {
        "items": [chance.randint(1, 5) for _ in range(chance.randint(1, 3))],
        "card": card,
        "note": "Bitte klingeln ☎",
    }
    return _json("POST", "/orders", content, Cookie=f"session={secrets.SESSION}; theme=dark")


def _empty_order(_: random.Random) -> Call:
    return _json("POST", "/orders", {"items": []})


def _login(_: random.Random) -> Call:
    form = f"name=ada&password={secrets.PASSWORD}&remember=1".encode()
    return Call("POST", "/login", {"Content-Type": "application/x-www-form-urlencoded"}, form)


def _wrong_login(_: random.Random) -> Call:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Call("POST", "/login", headers, b"name=eve&password=guess")


def _upload(chance: random.Random) -> Call:
    picture = bytes(chance.randrange(256) for _ in range(chance.randint(500, 3000)))
    fields = {"picture": ("me.png", b"\x89PNG" + picture, "image/png"), "note": "my best side"}
    return Call("PUT", "/users/ada/avatar", fields=fields)


def _avatar(chance: random.Random) -> Call:
    return Call("GET", f"/users/{chance.choice(('ada', 'grace', 'alan'))}/avatar")


def _change(_: random.Random) -> Call:
    content = {"email": "ada@new.example", "password": secrets.NEW_PASSWORD}
    content["client_secret"] = secrets.CLIENT_SECRET
    return _json("PATCH", "/users/ada", content, Authorization=f"Bearer {secrets.BEARER}")


def _delete(_: random.Random) -> Call:
    return Call("DELETE", "/users/eve", {"Authorization": f"Basic {secrets.BASIC}"})


def _forbidden(_: random.Random) -> Call:
    return Call("DELETE", "/users/ada")


def _export(_: random.Random) -> Call:
    return Call("GET", "/export", {"Authorization": f"Bearer {secrets.BEARER}"})


def _events(_: random.Random) -> Call:
    return Call("GET", "/events", {"Accept": "text/event-stream"})


def _search(chance: random.Random) -> Call:
    word = chance.choice(("lamp", "M%C3%A4rchen", "sofa"))
    return Call("GET", f"/search?q={word}&access_token={secrets.QUERY_TOKEN}")


def _report(_: random.Random) -> Call:
    return Call("GET", "/reports/1999")


def _anonymous(_: random.Random) -> Call:
    return Call("GET", "/wp-login.php")


def _pick(chance: random.Random) -> Callable[[random.Random], Call]:
    return chance.choices(list(_KINDS), list(_KINDS.values()))[0]


_KINDS = {
    _products: 16,
    _product: 14,
    _order: 12,
    _login: 5,
    _wrong_login: 2,
    _empty_order: 2,
    _upload: 4,
    _avatar: 8,
    _change: 4,
    _delete: 1,
    _forbidden: 1,
    _export: 2,
    _events: 2,
    _search: 8,
    _report: 2,
    _anonymous: 3,
}
"""Each kind of call, and how often it is made next to the others."""
