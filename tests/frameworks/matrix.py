"""The matrix: every framework behind every server, and what is shown of each pair.

The test asks each cell's question; the page of the documentation is made of the same lists
(``python -m frameworks.matrix`` in ``tests/`` writes it), and a test holds it to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .apps import FRAMEWORKS

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "matrix.rst"

SERVERS = {
    "wsgiref": "wsgiref",
    "gunicorn-sync": "gunicorn, sync",
    "gunicorn-gthread": "gunicorn, gthread",
    "gunicorn-gevent": "gunicorn, gevent",
    "gunicorn-preload": "gunicorn, ``--preload``",
    "gunicorn-paste": "gunicorn, ``--paste``",
    "uwsgi": "uWSGI",
    "waitress": "waitress",
    "mod_wsgi": "Apache, mod_wsgi",
    "cheroot": "cheroot",
    "werkzeug-reloader": "Werkzeug, reloader",
}
"""The servers by the name that the runners have for them, as the page calls them."""

AT_EXIT = {
    "gunicorn-sync": True,
    "gunicorn-gthread": True,
    "gunicorn-gevent": True,
    "gunicorn-preload": True,
    "gunicorn-paste": True,
    "uwsgi": True,
    "mod_wsgi-global": True,
    "mod_wsgi": False,  # version 4.9 ends sub-interpreters without their exit functions
    "wsgiref": False,  # these leave SIGTERM to the system, which ends them on the spot
    "waitress": False,
    "cheroot": False,
    "werkzeug-reloader": False,
}
"""Whether what is held is sent when the server gets a SIGTERM."""

BEHAVIOURS = {
    "identical": "status line, header fields, framing and bytes are those of the bare app",
    "route": "the matched route's template is recorded, with the mount point before it",
    "parameters": "the route's parameters are recorded",
    "grouping": "the grouping function gets the framework's own request",
    "errors": "an exception is recorded once, whoever answers it",
    "streaming": "a streamed body passes chunk by chunk, and is recorded",
    "uploads": "an uploaded body is recorded as the app reads it",
    "chunked": "so is one without a declared length",
}

_RAW = "The server hands the app the raw socket: an app that reads on waits for ever."
_EMPTY = "The server shows the app an empty body."
_TWICE = "Bottle decodes the chunks itself, and refuses (400) what the server has decoded."
_DECLARED = "Django reads as far as the declared length, so nothing."
_OWN = (
    "The server answers Bottle's ``exc_info`` with an error of its own, recorded after the app's."
)
_UNCHUNKED = ("waitress",)
"""Servers that declare the length of a chunked body to the app."""


def note(server: str, framework: str, behaviour: str) -> str | None:
    """Return what is different in this cell, though not by our doing: bare, it is the same."""
    if behaviour == "chunked":
        if server in ("wsgiref", "uwsgi"):
            return _RAW if server == "wsgiref" else _EMPTY
        if server not in _UNCHUNKED:
            return {"bottle": _TWICE, "django": _DECLARED}.get(framework)
    if (server, framework, behaviour) == ("uwsgi", "bottle", "errors"):
        return _OWN
    return None


NOTES = (_RAW, _EMPTY, _TWICE, _DECLARED, _OWN)


def lines() -> Iterator[str]:
    """The page."""
    title = "Frameworks and servers"
    yield from (title, "=" * len(title), "")
    yield "Each cell is a test of this version, made by the same lists as this page:"
    yield "``tests/frameworks/test_matrix.py``. Bare and recorded, every app is one and the same."
    yield ""
    for behaviour, meaning in BEHAVIOURS.items():
        yield from (f"{behaviour}", f"   {meaning}")
    yield ""
    yield from _frameworks()
    for name in FRAMEWORKS:
        yield from _table(name)
    yield "None of these is our doing: bare, the app gets the same."
    yield ""
    for number, text in enumerate(NOTES, 1):
        yield f".. [{number}] {text}"


def _frameworks() -> Iterator[str]:
    yield from ("What each framework tells", "-------------------------", "")
    yield from (".. list-table::", "   :header-rows: 1", "")
    yield from _row("", "route", "what a grouping function gets", "errors seen by")
    for name, framework in FRAMEWORKS.items():
        yield from _row(name, f"``{framework.template}``", framework.request, framework.errors)
    yield ""


def _table(framework: str) -> Iterator[str]:
    yield from (framework, "-" * len(framework), "")
    yield from (".. list-table::", "   :header-rows: 1", "")
    yield from _row("", *BEHAVIOURS)
    for server, title in SERVERS.items():
        yield from _row(title, *(_cell(server, framework, each) for each in BEHAVIOURS))
    yield ""


def _cell(*place: str) -> str:
    text = note(*place)
    return "yes" if text is None else f"[{NOTES.index(text) + 1}]_"


def _row(*cells: str) -> Iterator[str]:
    for number, text in enumerate(cells):
        yield f"   {'* -' if number == 0 else '  -'} {text}".rstrip()


def page() -> str:
    """Return the page of the documentation."""
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
