"""Bytes to text and back: only where it is certain what the text is, and in the same charset."""

from __future__ import annotations

import codecs

import pytest
from exchanges import body, exchange, redact

CAME = '{{"p": "{}", "q": "caf\xe9"}}'
BEFORE, AFTER = CAME.format("hunter2"), CAME.format("[REDACTED 7]")

READ = [
    ("utf-8", b"", ""),
    ("utf-8", b"", "; a=utf-16; charset=utf-8"),
    ("utf-8", b"", "; zoo=utf-16"),
    ("utf-8", b"", '; CHARSET="UTF-8"'),
    ("utf-8", b"", "; charset=latin-1"),
    ("utf-8", b"", "; charset=us-ascii"),
    ("utf-8", codecs.BOM_UTF8, ""),
    ("utf-8", codecs.BOM_UTF8, "; charset=latin-1"),
    ("utf-16-le", codecs.BOM_UTF16_LE, ""),
    ("utf-16-be", codecs.BOM_UTF16_BE, "; charset=utf-8"),
    ("utf-32-le", codecs.BOM_UTF32_LE, ""),
    ("utf-32-be", codecs.BOM_UTF32_BE, ""),
    ("utf-16-le", b"", ""),
    ("utf-16-be", b"", "; charset=utf-8"),
    ("utf-32-le", b"", ""),
    ("utf-32-be", b"", "; charset=utf-32"),
    ("latin-1", b"", "; charset=iso-8859-1"),
    ("cp1252", b"", "; charset=windows-1252"),
    ("mac-roman", b"", "; charset=macintosh"),
]


@pytest.mark.parametrize(("charset", "mark", "parameters"), READ)
def test_a_text_is_read_and_written_in_the_charset_that_it_is_in(
    charset: str, mark: bytes, parameters: str
) -> None:
    """Whatever its type says; with its byte-order mark, if it had one."""
    came = body(mark + BEFORE.encode(charset), f"application/json{parameters}")
    after = redact(exchange(came), denylist=("p",)).request.body
    assert after.content == mark + AFTER.encode(charset)


@pytest.mark.parametrize(
    ("content", "parameters", "reason"),
    [
        (BEFORE.encode("latin-1"), "", "undecodable"),
        (BEFORE.encode("latin-1"), "; charset=utf-8", "undecodable"),
        (BEFORE.encode("latin-1"), "; charset=us-ascii", "undecodable"),
        (BEFORE.encode("latin-1"), "; x=1; charset=no-such", "undecodable"),
        (BEFORE.encode(), "; charset=no-such", "undecodable"),
        (BEFORE.encode(), "; charset=a\0b", "undecodable"),
        (BEFORE.encode(), "; charset=utf-16", "undecodable"),
        (BEFORE.encode(), "; charset=utf-7", "undecodable"),
        (BEFORE.encode(), "; charset=utf-8-sig", "undecodable"),
        (BEFORE.encode(), "; charset=zlib", "undecodable"),
        (BEFORE.encode() + b"\0", "", "binary"),
        (b"\0" + BEFORE.encode(), "", "undecodable"),
        (BEFORE.encode("utf-16-le") + b"12345678", "", "binary"),
        ("p: hunter2".encode("utf-16-le"), "", "binary"),
        (codecs.BOM_UTF16_LE + BEFORE.encode("utf-16-le")[:-1], "", "undecodable"),
        (codecs.BOM_UTF8 + BEFORE.encode("latin-1"), "; charset=latin-1", "undecodable"),
    ],
)
def test_where_the_charset_is_not_certain_the_body_is_left_out(
    content: bytes, parameters: str, reason: str
) -> None:
    """A name might stand there that another reader sees."""
    came = body(content, f"application/json{parameters}")
    assert redact(exchange(came), denylist=("p",)).request.body.omitted == f"redaction: {reason}"


def test_a_body_that_was_cut_may_end_within_a_character() -> None:
    """One that was not may not; and no other place will do."""
    content = "caf\xe9".encode()[:-1]
    cut = body(content, "text/plain", truncated=True)
    assert redact(exchange(cut), denylist=("p",)).request.body.content == content
    whole = redact(exchange(body(content, "text/plain")), denylist=("p",)).request.body
    assert whole.omitted == "redaction: undecodable"
    within = redact(exchange(body(content + b"s", "text/plain", truncated=True)), denylist=("p",))
    assert within.request.body.omitted == "redaction: undecodable"


def test_a_zero_in_a_marked_text_makes_it_binary() -> None:
    """A byte-order mark may stand at the beginning of anything."""
    came = body(codecs.BOM_UTF16_LE + "ada@example.com\0".encode("utf-16-le"), "text/plain")
    after = redact(exchange(came), redact_patterns=("email",)).request.body
    assert (after.content, after.omitted) == (None, "redaction: binary")
