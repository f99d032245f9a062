"""Apps that raise, at every moment at which one can."""

from __future__ import annotations

from .responses import TEXT, Chunks
from .species import Call, species


class Strange(BaseException):
    """Neither an Exception nor one of the language's own."""


class ClosingFails(Chunks):
    def __init__(self, journal, chunks, error):
        super().__init__(journal, chunks)
        self.error = error

    def close(self):
        super().close()
        raise self.journal.raising(self.error)


def midway(journal, error):
    """Yield once, raise ``error``, note the end."""
    try:
        yield b"sent"
        raise journal.raising(error)
    finally:
        journal.note("finally")


@species("raises-before", status=500, errors=("ValueError",), as_came=True)
def raises_before(journal, environ, start_response):
    raise journal.raising(ValueError("before", 1))


@species("raises-chained", status=500, errors=("LookupError",), as_came=True)
def raises_chained(journal, environ, start_response):
    try:
        {}["missing"]
    except KeyError as error:
        raise journal.raising(LookupError("with a cause")) from error


@species("raises-after-start", status=500, errors=("ValueError",), as_came=True)
def raises_after_start(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    raise journal.raising(ValueError("after"))


@species(
    "raises-after-write",
    status=200,
    writes=b"sent",
    body=b"sent",
    errors=("ValueError",),
    as_came=True,
)
def raises_after_write(journal, environ, start_response):
    start_response("200 OK", [*TEXT])(b"sent")
    raise journal.raising(ValueError("after write"))


@species("raises-midway", body=b"sent", errors=("ValueError",))
def raises_midway(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return midway(journal, ValueError("midway"))


@species("raises-at-first-chunk", status=500, errors=("ZeroDivisionError",))
def raises_at_first_chunk(journal, environ, start_response):
    def body():
        raise journal.raising(ZeroDivisionError("at once"))
        yield b"never"

    start_response("200 OK", [*TEXT])
    return body()


@species("raises-after-empty-chunk", status=500, errors=("ValueError",))
def raises_after_empty_chunk(journal, environ, start_response):
    def body():
        yield b""
        raise journal.raising(ValueError("nothing was sent"))

    start_response("200 OK", [*TEXT])
    return body()


@species("raises-in-iter", status=500, errors=("ValueError",), compliant=False)
def raises_in_iter(journal, environ, start_response):
    class Iterable:
        def __iter__(self):
            raise journal.raising(ValueError("no iterator"))

        def close(self):
            journal.note("close")

    start_response("200 OK", [*TEXT])
    return Iterable()


@species("raises-in-close", body=b"sent", errors=("ValueError",))
def raises_in_close(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return ClosingFails(journal, [b"sent"], ValueError("closing"))


@species("attribute-error-in-close", body=b"sent", errors=("AttributeError",))
def attribute_error_in_close(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return ClosingFails(journal, [b"sent"], AttributeError("close"))


@species("raises-midway-and-in-close", body=b"a", errors=("ValueError", "OSError"))
def raises_midway_and_in_close(journal, environ, start_response):
    def chunks():
        yield b"a"
        raise journal.raising(ValueError("midway"))

    start_response("200 OK", [*TEXT])
    return ClosingFails(journal, chunks(), OSError("closing"))


@species("system-exit", status=500, errors=("SystemExit",), wire=False, as_came=True)
def system_exit(journal, environ, start_response):
    raise journal.raising(SystemExit(3))


@species(
    "keyboard-interrupt-midway",
    body=b"sent",
    errors=("KeyboardInterrupt",),
    wire=False,
)
def keyboard_interrupt_midway(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return midway(journal, KeyboardInterrupt())


@species("generator-exit", status=500, errors=("GeneratorExit",), wire=False, as_came=True)
def generator_exit(journal, environ, start_response):
    raise journal.raising(GeneratorExit("greenlet killed"))


@species("strange-midway", body=b"sent", errors=("Strange",), wire=False)
def strange_midway(journal, environ, start_response):
    start_response("200 OK", [*TEXT])
    return midway(journal, Strange("midway"))


@species("catches-its-own", body=b"caught", as_came=True)
def catches_its_own(journal, environ, start_response):
    try:
        raise ValueError
    except ValueError:
        start_response("200 OK", [*TEXT])
        return [b"caught"]


@species("stop-iteration-in-call", status=500, errors=("StopIteration",), wire=False, as_came=True)
def stop_iteration_in_call(journal, environ, start_response):
    raise journal.raising(StopIteration("from next() in a view"))


@species(
    "headers-refused", Call(), status=500, errors=("TypeError",), compliant=False, as_came=True
)
def headers_refused(journal, environ, start_response):
    start_response()
    return [b"never"]
