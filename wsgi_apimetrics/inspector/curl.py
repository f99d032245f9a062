"""A request as a ``curl`` command that sends the same bytes, safe to paste into a shell."""

from __future__ import annotations

import shlex

from ..exchange import Exchange

_OWN = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def command(exchange: Exchange) -> str:
    """Return the command; what was redacted stays so.

    A binary body is read from ``body.bin``, which the page offers for download.

    >>> from wsgi_apimetrics.exchange import Request, Response
    >>> print(command(Exchange("1", 0.0, Request("GET", "http", "a.example", "/x"), Response(200))))
    curl --globoff --path-as-is http://a.example/x
    """
    request = exchange.request
    words = ["curl", "--globoff", "--path-as-is"]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != ("POST" if request.body.content else "GET"):
        words += ["--request", request.method]
    url = request.url
    lines = [" ".join(_quoted(word) for word in [*words, url])]
    for name, value in request.headers:
        if name.lower() not in _OWN:
            # curl sends a header without a value only if it ends with a semicolon.
            lines.append(f"--header {_quoted(f'{name}: {value}' if value else f'{name};')}")
    return " \\\n  ".join([*lines, *_data(request.body.content)])


def _quoted(word: str) -> str:
    """Quote for a shell; a control character as its escape, for a terminal acts on some.

    A leading @ or - means something to curl only where a word of ours does not precede it.
    """
    if all(character.isprintable() for character in word):
        return shlex.quote(word)
    escaped = "".join(
        character
        if character.isprintable() and character not in "'\\"
        else "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "replace"))
        for character in word
    )
    return f"$'{escaped}'"


def _data(content: bytes | None) -> list[str]:
    if not content:
        return []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ["--data-binary @body.bin"]
    return [f"--data-raw {_quoted(text)}"]
