"""Apps that differ in how they answer."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

from .species import PNG, UNKNOWN, Call, species

TEXT = (("Content-Type", "text/plain"),)
FILE = Path(__file__)
LONG = bytes(range(256)) * 40
HELLO = b"Hello, zoo!"


class Chunks:
    """An iterator over ``chunks`` that notes its closing."""

    def __init__(self, journal, chunks):
        self.journal = journal
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        self.journal.note("close")


class SizedChunks(Chunks):
    """The same with ``__len__``."""

    def __init__(self, journal, chunks):
        super().__init__(journal, chunks)
        self.length = len(chunks)

    def __len__(self):
        return self.length


class FreshIterators:
    """An iterable whose iterators are not itself and have no ``close``."""

    def __init__(self, journal, chunks):
        self.journal = journal
        self.chunks = chunks

    def __iter__(self):
        self.journal.note("iter")
        return iter(self.chunks)

    def close(self):
        self.journal.note("close")


class NotedFile(io.FileIO):
    """A file on disk that notes its closing."""

    def __init__(self, journal):
        super().__init__(FILE)
        self.journal = journal
        journal.files.append(self)

    def close(self):
        if not self.closed:
            self.journal.note("close")
        super().close()


class Odd(bytes):
    """A subclass of bytes."""


class OldSequence:
    """Iterable by ``__getitem__`` alone, as before Python 2.2."""

    def __getitem__(self, index):
        return [b"old", b"sequence"][index]


@species("list", body=b"onetwo", as_came=True)
def list_(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return [b"one", b"two"]


@species("one-element-list", body=HELLO, as_came=True)
def one_element_list(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return [HELLO]


@species("tuple", body=b"onetwo", as_came=True)
def tuple_(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return (b"one", b"", b"two")


@species("empty-list", as_came=True)
def empty_list(journal, environ, start_response):
    start_response("200 OK", [*TEXT, ("Content-Length", "0")])
    return []


@species("list-subclass", body=HELLO)
def list_subclass(journal, environ, start_response):
    class Closed(list):
        def close(self):
            journal.note("close")

    start_response("200 OK", [*TEXT])
    return Closed([HELLO])


@species("generator", body=b"onetwo", started=False)
def generator(journal, environ, start_response):
    try:
        start_response("200 OK", [*TEXT])
        yield b"one"
        yield b"two"
    finally:
        journal.note("finally")


@species("empty-generator", status=204)
def empty_generator(journal, environ, start_response):
    start_response("204 No Content", [])
    return (chunk for chunk in ())


@species("empty-chunks", body=b"ab")
def empty_chunks(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [b"", b"a", b"", b"", b"b", b""])


@species("only-empty-chunks")
def only_empty_chunks(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [b"", b""])


@species("own-iterator", body=b"onetwo")
def own_iterator(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [b"one", b"two"])


@species("sized-iterator", body=HELLO)
def sized_iterator(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return SizedChunks(journal, [HELLO])


@species("sized-two", body=HELLO * 2)
def sized_two(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return SizedChunks(journal, [HELLO, HELLO])


@species("fresh-iterators", body=b"onetwo")
def fresh_iterators(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return FreshIterators(journal, [b"one", b"two"])


@species("old-sequence", body=b"oldsequence")
def old_sequence(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return OldSequence()


@species("extra-attributes", body=HELLO)
def extra_attributes(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    result = Chunks(journal, [HELLO])
    result.filelike = result.name = "no file at all"
    return result


@species("nested-generators", body=b"abc", started=False)
def nested_generators(journal, environ, start_response):
    def inner(name):
        try:
            yield name
        finally:
            journal.note("inner closed", name)

    start_response("200 OK", [*TEXT])
    try:
        for name in (b"a", b"b", b"c"):
            yield from inner(name)
    finally:
        journal.note("outer closed")


@species("write-only", body=b"written twice", writes=b"written twice", as_came=True)
def write_only(journal, environ, start_response):
    write = start_response("200 OK", [*TEXT])
    journal.note("write returned", write(b"written"), write(b" twice"))
    return []


@species("write-then-iterate", body=b"written,iterated", writes=b"written,")
def write_then_iterate(journal, environ, start_response):
    start_response("200 OK", [*TEXT])(b"written,")
    return Chunks(journal, [b"iterated"])


@species("write-empty", body=b"end", writes=b"")
def write_empty(journal, environ, start_response):
    write = start_response("200 OK", [*TEXT])
    write(b"")
    return Chunks(journal, [b"end"])


@species("late-start", body=HELLO, status=202, started=False)
def late_start(journal, environ, start_response):
    def body():
        start_response("202 Accepted", [*TEXT])
        yield HELLO

    return body()


@species("exc-info-replaces", body=b"sorry", status=500, errors=("ValueError",), as_came=True)
def exc_info_replaces(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    try:
        raise journal.raising(ValueError("found out late"))
    except ValueError:
        start_response("500 Sorry", [("Content-Type", "text/html")], sys.exc_info())
    return [b"sorry"]


@species("exc-info-too-late", body=b"sent", errors=("ValueError",))
def exc_info_too_late(journal, environ, start_response):
    def body():
        yield b"sent"
        try:
            raise journal.raising(ValueError("after the headers"))
        except ValueError:
            start_response("500 Sorry", [*TEXT], sys.exc_info())
        yield b"never"

    start_response("200 OK", [*TEXT])
    return body()


@species("start-by-name", body=HELLO, compliant=False, wire=False, as_came=True)
def start_by_name(journal, environ, start_response):
    start_response(headers=[*TEXT], status="200 OK")
    return [HELLO]


@species("no-exc-info-by-name", body=HELLO, compliant=False, wire=False, as_came=True)
def no_exc_info_by_name(journal, environ, start_response):
    start_response("200 OK", [*TEXT], exc_info=None)
    return [HELLO]


@species(
    "unknown-name", errors=("TypeError",), status=500, compliant=False, wire=False, as_came=True
)
def unknown_name(journal, environ, start_response):
    try:
        start_response("200 OK", [*TEXT], cookies=[])
    except TypeError as error:
        raise journal.raising(TypeError("refused")) from error


@species("headers-iterator", body=HELLO, compliant=False, wire=False)
def headers_iterator(journal, environ, start_response):
    start_response("200 OK", iter(TEXT))
    return Chunks(journal, [HELLO])


@species(
    "start-response-twice",
    status=500,
    errors=("AssertionError",),
    compliant=False,
    wire=False,
    as_came=True,
)
def start_response_twice(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    start_response("201 Created", [*TEXT])
    return [b"never"]


@species("no-content", status=204, as_came=True)
def no_content(journal, environ, start_response):
    start_response("204 No Content", [])
    return []


@species("no-content-with-body", status=204, compliant=False, wire=False)
def no_content_with_body(journal, environ, start_response):
    start_response("204 No Content", [])
    return Chunks(journal, [b"against", b"the rules"])


@species("not-modified", status=304, as_came=True)
def not_modified(journal, environ, start_response):
    start_response("304 Not Modified", [("ETag", '"1"')])
    return [b""]


@species("head-list", Call("HEAD"), as_came=True)
def head_list(journal, environ, start_response):
    start_response("200 OK", [*TEXT, ("Content-Length", "11")])
    return [HELLO]


@species("head-generator", Call("HEAD"))
def head_generator(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [HELLO, HELLO])


@species("png", body=PNG, as_came=True)
def png(journal, environ, start_response):
    start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", str(len(PNG)))])
    return [PNG]


@species("png-stream", body=PNG)
def png_stream(journal, environ, start_response):
    start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", str(len(PNG)))])
    return Chunks(journal, [PNG[at : at + 7] for at in range(0, len(PNG), 7)])


@species("gzip-json", body=b'{"key": "value"}', size=16)
def gzip_json(journal, environ, start_response):
    content = gzip.compress(b'{"key": "value"}', mtime=0)
    headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    start_response("200 OK", headers)
    return Chunks(journal, [content[:9], content[9:]])


@species("damaged-gzip", body=b"not gzip at all", size=UNKNOWN, as_came=True)
def damaged_gzip(journal, environ, start_response):
    start_response("200 OK", [*TEXT, ("Content-Encoding", "gzip")])
    return [b"not gzip at all"]


@species("duplicate-headers", body=HELLO, as_came=True)
def duplicate_headers(journal, environ, start_response):
    cookies = [("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Set-Cookie", "a=1")]
    start_response("200 OK", [*cookies, *TEXT])
    return [HELLO]


@species("latin-1-header", body=HELLO, as_came=True)
def latin_1_header(journal, environ, start_response):
    start_response("200 Tr\xe8s bien", [*TEXT, ("X-Name", "caf\xe9")])
    return [HELLO]


@species("headers-changed-later", body=HELLO)
def headers_changed_later(journal, environ, start_response):
    headers = list(TEXT)
    start_response("200 OK", headers)
    headers.append(("X-Late", "yes"))
    return Chunks(journal, [HELLO])


@species("file-wrapper", body=None, omitted="sendfile", as_came=True, size=FILE.stat().st_size)
def file_wrapper(journal, environ, start_response):
    size = str(FILE.stat().st_size)
    start_response("200 OK", [*TEXT, ("Content-Length", size)])
    return environ["wsgi.file_wrapper"](NotedFile(journal), 4096)


@species("file-wrapper-no-length", body=None, omitted="sendfile", as_came=True)
def file_wrapper_no_length(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return environ["wsgi.file_wrapper"](NotedFile(journal))


@species(
    "file-wrapper-function",
    Call(file_wrapper="function"),
    body=None,
    omitted="sendfile",
    as_came=True,
    compliant=False,
)
def file_wrapper_function(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return environ["wsgi.file_wrapper"](NotedFile(journal))


@species("file-object", body=FILE.read_bytes())
def file_object(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return NotedFile(journal)


@species("file-object-no-wrapper", Call(file_wrapper="absent"), body=FILE.read_bytes())
def file_object_no_wrapper(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return NotedFile(journal)


@species("long", body=(LONG * 40)[: 256 * 1024], size=len(LONG) * 40, truncated=True)
def long(journal, environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return Chunks(journal, [LONG] * 40)


@species("bytes-subclass", body=b"odd", compliant=False)
def bytes_subclass(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [Odd(b"o"), Odd(b"dd")])


@species("other-buffers", body=b"onetwo", compliant=False, wire=False)
def other_buffers(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, [bytearray(b"one"), memoryview(b"two")])


@species("text-chunks", compliant=False, wire=False, body=None)
def text_chunks(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return Chunks(journal, ["text", None, 3])


@species("text-list", compliant=False, wire=False, body=None, as_came=True)
def text_list(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return ["text", None]


@species("bare-bytes", compliant=False, wire=False, body=b"not a list", as_came=True)
def bare_bytes(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return b"not a list"


@species("returns-none", compliant=False, wire=False, as_came=True)
def returns_none(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
