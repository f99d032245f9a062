"""How a body is shown: by what it is, never by what it says it is."""

from __future__ import annotations

import json

import pytest

from wsgi_apimetrics.exchange import Body
from wsgi_apimetrics.inspector import tree
from wsgi_apimetrics.inspector.bodies import SHOWN_BYTES, SHOWN_CHARACTERS, shown

from .samples import FORM, PNG, body


def cut(content, content_type):
    """Return a body of which only the beginning was recorded."""
    return Body(content, len(content) * 2, len(content) * 2, content_type, truncated=True)


@pytest.mark.parametrize(
    ("given", "form"),
    [
        (Body(None, 9, 9, "text/plain", omitted="too large"), "absent"),
        (Body(), "empty"),
        (body(PNG, "text/html"), "image"),
        (body(b"\xff\xd8\xff\xe0", "image/jpeg"), "image"),
        (body(b"GIF89a....", "image/gif"), "image"),
        (body(b"RIFF\x01\x02\x03\x04WEBPVP8 ", "image/webp"), "image"),
        (body(b"RIFF\x01\x02\x03\x04WAVEfmt ", "audio/wav"), "text"),
        (body(b"<svg onload=x()>", "image/svg+xml"), "text"),
        (body(b"no picture", "image/png"), "text"),
        (body(b"a=1&b=2", FORM), "form"),
        (body({"a": 1}), "json"),
        (body(b" [1, 2]\n", "text/plain"), "json"),
        (body(b"[1, 2", "text/plain"), "text"),
        (body(b"\xff\x00\xfe", "application/octet-stream"), "hex"),
        (body(b"text\0with", "text/plain"), "hex"),
    ],
)
def test_a_body_has_the_form_that_its_bytes_have(given, form):
    """SVG is text, for it holds scripts; so is what only says that it is a picture."""
    assert shown(given, {}).form == form


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (body(b"{not json", "application/json"), "not the JSON that it says it is"),
        (body(json.dumps([0] * tree.MAX_NODES).encode(), "text/plain"), "too large"),
        (cut(b'{"a": 1, "b', "application/json"), "the beginning of it was recorded"),
        (body(b"x" * (SHOWN_CHARACTERS + 1), "text/plain"), "the first 200,000 characters"),
        (body(b"\xff\x00" * SHOWN_BYTES, ""), "the first 4,096 bytes"),
        (body(b"\xff\x00", ""), ""),
        (body(b"plain", "text/plain"), ""),
        (body(b"[x", "text/plain"), ""),
    ],
)
def test_what_is_not_shown_whole_is_said(given, note):
    """With what there is, and where the rest is."""
    found = shown(given, {}).note
    assert found.startswith(note)
    assert bool(found) is bool(note)


def test_what_is_still_coded_is_bytes():
    """A coding that nobody undid is named, and no text is made of it."""
    coded = Body(b"\x1b\x03abc", 5, 5, "text/plain", content_encoding="br")
    found = shown(coded, {})
    assert (found.form, found.note) == ("hex", "still coded: br")
    assert found.rows == (("000000", "1b 03 61 62 63", "··abc"),)


def test_a_form_has_its_fields_and_files():
    """Names and values as they were sent; a file with its text, or with how large it is."""
    content = (
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n[REDACTED]\r\n"
        b'--x\r\nContent-Disposition: form-data; name="more"; filename="b.bin"\r\n\r\n'
        b"\xff\x00\xff\r\n--x--\r\n"
    )
    found = shown(body(content, "multipart/form-data; boundary=x"), {})
    assert found.rows == (
        ("note", "hello", ""),
        ("file", "[REDACTED]", "a.txt text/plain"),
        ("more", "(3 B)", "b.bin"),
    )
