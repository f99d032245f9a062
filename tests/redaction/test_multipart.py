"""Multipart forms taken apart: only where every reader would do it alike."""

from __future__ import annotations

import pytest
from exchanges import body, exchange, redact

from wsgi_apimetrics.redaction.multipart import boundary_of, joined, split
from wsgi_apimetrics.redaction.unreadable import Reason, Unreadable

DISPOSITION = "Content-Disposition: form-data"


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=B", b"B"),
        ("multipart/form-data;boundary=B", b"B"),
        ("multipart/form-data; a=x; z=y; boundary=B", b"B"),
        ('multipart/form-data; charset=utf-8; BOUNDARY="a b;c"', b"a b;c"),
        ("multipart/form-data; boundary=; boundary=B", b"B"),
        ('multipart/form-data; boundary=""; boundary=B; boundary=C', b"B"),
        ("multipart/form-data; boundary=\xe9", b"\xc3\xa9"),
        ("multipart/form-data; boundary=\udcff", b"\xed\xb3\xbf"),
    ],
)
def test_the_boundary_is_a_parameter_of_the_type(content_type: str, boundary: bytes) -> None:
    """The first that says anything, in any case, quoted or bare."""
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; xboundary=B", "multipart/form-data; boundary="],
)
def test_without_a_boundary_there_are_no_parts(content_type: str) -> None:
    """None of them is guessed."""
    with pytest.raises(Unreadable) as error:
        boundary_of(content_type)
    assert error.value.reason is Reason.MALFORMED


def form(head: str, content: str = "x", *, end: str = "--\r\n", begin: str = "\r\n") -> bytes:
    """Return a form of one part."""
    return f"--B{begin}{head}\r\n\r\n{content}\r\n--B{end}".encode()


@pytest.mark.parametrize("end", ["--\r\n", "--", "-- \t", "--\t\r\n", "--\r\nan epilogue\r\n"])
@pytest.mark.parametrize("begin", ["\r\n", " \t\r\n"])
def test_blanks_and_an_epilogue_may_follow_a_delimiter(end: str, begin: str) -> None:
    """RFC 2046, section 5.1.1; what is put together again has them still."""
    content = form(f'{DISPOSITION}; name="p"', end=end, begin=begin)
    (part,) = split(content, b"B")
    assert (part.name, part.content, part.filename) == ("p", b"x", None)
    again = joined([part.replaced(b"yy", None)], content, b"B")
    assert again == form(f'{DISPOSITION}; name="p"', "yy", end=end)


def test_parts_are_put_together_as_they_were() -> None:
    """Also none of them, empty ones, and hundreds."""
    head = f'{DISPOSITION}; name="p"'.encode()
    contents = [b"1", b"", b"3"] * 100
    content = b"".join(b"--B\r\n%s\r\n\r\n%s\r\n" % (head, one) for one in contents)
    content += b"--B--\r\n"
    parts = split(content, b"B")
    assert [part.content for part in parts] == contents
    assert joined([part.replaced(part.content, None) for part in parts], content, b"B") == content
    assert split(b"--B--\r\n", b"B") == []
    assert joined([], b"--B--\r\n", b"B") == b"--B--\r\n"


UNCERTAIN = [
    b"",
    b"x",
    b"--C--\r\n",
    b"--B",
    b"x\r\n--B--",
    b"\r\n--B--",
    form(f"{DISPOSITION}; name=p", end="-"),
    form(f"{DISPOSITION}; name=p", end="--x"),
    form(f"{DISPOSITION}; name=p", end=""),
    form(f"{DISPOSITION}; name=p", begin="x\r\n"),
    form(f"{DISPOSITION}; name=p", begin="\n"),
    form(f"{DISPOSITION}; name=p", "x--B"),
    form(f"{DISPOSITION}; name=p", "\n--B\r\n"),
    form(f"{DISPOSITION}; name=p\r"),
    form(f"{DISPOSITION}; name=p\nX: y"),
    form(f"{DISPOSITION}; name=p\r\n y"),
    form(f"{DISPOSITION}; name=p\r\n\ty"),
    form(f"{DISPOSITION}; name=p\0"),
    form(f"{DISPOSITION}; name=p\x85"),
    form(f"{DISPOSITION}; name=p\u2028"),
    form(f"{DISPOSITION}; name=p\r\n{DISPOSITION}; name=p"),
    form(f"{DISPOSITION}; name=p; name=q"),
    form(f"{DISPOSITION}; name=p; name*=utf-8''q"),
    form(f"{DISPOSITION}; name=p; other*=1"),
    form(f"{DISPOSITION}; name=p other"),
    form(f"{DISPOSITION}; filename=p"),
    form(DISPOSITION),
    form(f"X-{DISPOSITION}; name=p"),
    form("Content-Disposition: attachment; name=p"),
    form("Content-Disposition; name=p"),
    form("Content-Type: text/plain"),
    b"--B\r\nContent-Disposition: form-data; name=p\r\n--B--",
    b"--B\r\n\r\nx\r\n--B--",
]


@pytest.mark.parametrize("content", UNCERTAIN)
def test_what_readers_may_take_apart_differently_is_not_read(content: bytes) -> None:
    """A field must not hide inside of another."""
    with pytest.raises(Unreadable) as error:
        split(content, b"B")
    assert error.value.reason is Reason.MALFORMED


def test_a_head_in_no_charset_that_is_known_is_not_read() -> None:
    """Browsers write UTF-8."""
    with pytest.raises(Unreadable) as error:
        split(b"--B\r\nContent-Disposition: form-data; name=\xff\r\n\r\nx\r\n--B--", b"B")
    assert error.value.reason is Reason.UNDECODABLE


@pytest.mark.parametrize(
    ("parameters", "name", "filename"),
    [
        ("name=p", "p", None),
        ('name="p"; other="x"', "p", None),
        ('name=""', "", None),
        ('NAME="p" ; FileName = "f"', "p", "f"),
        ('name="p"; name=p', "p", None),
        ("name*=utf-8''%70%71; name=pq", "pq", None),
        ("name*=\"utf-8''%70\"", "p", None),
        ('name="a%22b%0D%0Ac"', 'a"b\r\nc', None),
        (r'name="a\"b\\c"', r'a"b\c', None),
        ("name=a%22b", "a%22b", None),
        ("name=p; filename=f.txt", "p", "f.txt"),
        ("name=p; filename=f; filename*=utf-8''%67", "p", "g"),
    ],
)
def test_a_name_is_read_in_every_spelling(parameters: str, name: str, filename: str | None) -> None:
    """Bare, quoted, escaped as browsers do it (HTML) and as RFC 2231 says."""
    (part,) = split(form(f"X: y\r\ncontent-DISPOSITION : form-data;{parameters}\r\nZ: z"), b"B")
    assert (part.name, part.filename) == (name, filename)


@pytest.mark.parametrize(
    ("parameters", "after"),
    [
        ("name=p; filename=f.txt", 'name=p; filename="new"'),
        ('filename="f.txt"; name="p"', 'filename="new"; name="p"'),
        ('name=p; filename=""', 'name=p; filename="new"'),
        ("name=p; filename=f; filename*=utf-8''%67", 'name=p; filename="new"; filename*="new"'),
        ('name=p; filename*="f"; filename=g; x=y', 'name=p; filename*="new"; filename="new"; x=y'),
        ("name=p", "name=p"),
    ],
)
def test_a_file_name_is_replaced_in_its_place(parameters: str, after: str) -> None:
    """Each spelling of it; what stands around it stays as it is."""
    (part,) = split(form(f"X: y\r\n{DISPOSITION}; {parameters}\r\nZ: z"), b"B")
    expected = f"X: y\r\n{DISPOSITION}; {after}\r\nZ: z\r\n\r\n\xe9"
    assert part.replaced("\xe9".encode(), "new") == expected.encode()


@pytest.mark.parametrize(
    ("came", "rules", "after", "filename"),
    [
        (b"text", {"redact_patterns": ("email",)}, b"text", b"f"),
        (b"\xff", {"redact_patterns": ("email",)}, b"[REDACTED]", b""),
        (b"a\0b", {"redact_patterns": ("email",)}, b"[REDACTED]", b""),
        (b"", {"redact_patterns": ("email",)}, b"", b"f"),
        (b"\xff", {"denylist": ("q",)}, b"\xff", b"f"),
        (b"\xff", {"denylist": ("p",)}, b"[REDACTED 1]", b"[REDACTED 1]"),
    ],
)
def test_a_part_that_is_no_text_can_not_be_searched(
    came: bytes, rules: dict[str, tuple[str, ...]], after: bytes, filename: bytes
) -> None:
    """So it goes where patterns are to be looked for, and its file's name with it."""

    def sent(name: bytes, content: bytes) -> bytes:
        head = DISPOSITION.encode() + b'; name="p"; filename="' + name + b'"'
        return b"--B\r\n" + head + b"\r\n\r\n" + content + b"\r\n--B--"

    given_body = body(sent(b"f", came), "multipart/form-data; boundary=B")
    assert redact(exchange(given_body), **rules).request.body.content == sent(filename, after)
