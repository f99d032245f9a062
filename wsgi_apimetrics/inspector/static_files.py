"""The files that pages are made with: read once, served with their hash as the ETag."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from werkzeug.wrappers import Request, Response

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def static(request: Request) -> Response:
    """Answer with a file of ours; nothing else of the disk can be named."""
    name = request.path.removeprefix("/static/")
    if name not in _names():
        return Response("there is no such file", 404, mimetype="text/plain")
    content, etag = _content(name)
    response = Response(content, mimetype=_TYPES["." + name.rpartition(".")[2]])
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(etag)
    return response.make_conditional(request)


@cache
def _names() -> frozenset[str]:
    """The names of all files, as the address has them."""
    found: set[str] = set()
    folders = [(files(__package__ or "") / "static", "")]
    while folders:
        folder, before = folders.pop()
        for one in folder.iterdir():
            if one.is_dir():
                folders.append((one, f"{before}{one.name}/"))
            elif "." + one.name.rpartition(".")[2] in _TYPES:
                found.add(before + one.name)
    return frozenset(found)


@cache
def _content(name: str) -> tuple[bytes, str]:
    content = (files(__package__ or "") / "static").joinpath(*name.split("/")).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:32]
