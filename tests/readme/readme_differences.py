"""Where our logs differ from readme-metrics 3.4.0's, and why: the table that the tests hold.

The same sentences stand in ``docs/migration/readme.rst``.
"""

from __future__ import annotations

from dataclasses import dataclass

REQUEST = "request.log.entries.request."
RESPONSE = "request.log.entries.response."
ENTRY = "request.log.entries."


@dataclass(frozen=True)
class Difference:
    """Fields of a log that differ, in these calls (all, if none is named)."""

    why: str
    fields: tuple[str, ...]
    calls: tuple[str, ...] = ()


DIFFERENCES = (
    # in every log
    Difference(
        "HAR 1.2 requires fields that readme-metrics leaves out: the version of the log, timings, "
        "cache, and the response's cookies, httpVersion and redirectURL.",
        (
            "_version",
            "request.log.version",
            f"{ENTRY}timings",
            f"{ENTRY}cache",
            f"{RESPONSE}cookies",
            f"{RESPONSE}httpVersion",
            f"{RESPONSE}redirectURL",
        ),
    ),
    Difference(
        "startedDateTime is ISO 8601 in UTC with milliseconds, as ReadMe's API asks; "
        'readme-metrics writes "2026-11-21 08:57:13.441157".',
        (f"{ENTRY}startedDateTime",),
    ),
    Difference(
        "creator says that it is this package, in its version.",
        ("request.log.creator.name", "request.log.creator.version"),
    ),
    Difference(
        "The request's bodySize is what was read, not always -1.",
        (f"{REQUEST}bodySize",),
    ),
    # in some
    Difference(
        "A URL is percent-encoded as the client sent it.",
        (f"{ENTRY}pageref", f"{REQUEST}url"),
        ("not ASCII path",),
    ),
    Difference(
        "Names without a value are kept in queryString.",
        (f"{REQUEST}queryString",),
        ("empty query value",),
    ),
    Difference(
        "Cookie and Set-Cookie are replaced by a marker, and a repeated header is not lost.",
        (f"{REQUEST}headers",),
        ("cookie",),
    ),
    Difference(
        "Cookie and Set-Cookie are replaced by a marker, and a repeated header is not lost.",
        (f"{RESPONSE}headers",),
        ("two cookies",),
    ),
    Difference(
        "A body that is not UTF-8 is decoded by its charset or sent as Base64; readme-metrics "
        'sends "[NOT VALID UTF-8]".',
        (f"{REQUEST}postData.text",),
        ("Latin-1 body",),
    ),
    Difference(
        "A body that is not UTF-8 is decoded by its charset or sent as Base64; readme-metrics "
        'sends "[NOT VALID UTF-8]".',
        (f"{REQUEST}postData.text", f"{REQUEST}postData._encoding"),
        ("binary body",),
    ),
    Difference(
        "A form is params whatever parameters its Content-Type has, repeated names are kept, and "
        "so are multipart forms, with files as data URLs.",
        (f"{REQUEST}postData.text", f"{REQUEST}postData.params"),
        ("form with charset", "multipart body"),
    ),
    Difference(
        "A body without a Content-Type has none in the log; readme-metrics says text/plain.",
        (f"{REQUEST}postData.mimeType",),
        ("body without type",),
    ),
    Difference(
        "Sizes and type of a response are known without a Content-Length too.",
        (f"{RESPONSE}bodySize", f"{RESPONSE}content.size", f"{RESPONSE}content.mimeType"),
        ("streamed answer", "answer without length"),
    ),
    Difference(
        "Sizes and type of a response are known without a Content-Length too.",
        (f"{RESPONSE}bodySize", f"{RESPONSE}content.size"),
        ("answer without type",),
    ),
    Difference(
        "A streamed response is one log with the whole body, not one per chunk.",
        (f"{RESPONSE}content.text",),
        ("streamed answer",),
    ),
    # with a denylist
    Difference(
        "A filter does not cost the request's Content-Type: readme-metrics then takes every body "
        "for text/plain, forms too.",
        (f"{REQUEST}postData.mimeType",),
        ("filtered JSON", "filtered nested JSON"),
    ),
    Difference(
        "Rules hold in the query string, the URL and forms too, and for headers in any case.",
        (f"{REQUEST}headers",),
        ("filtered header",),
    ),
    Difference(
        "Rules hold in the query string, the URL and forms too, and for headers in any case.",
        (f"{ENTRY}pageref", f"{REQUEST}url", f"{REQUEST}queryString"),
        ("filtered query",),
    ),
    Difference(
        "Rules hold in the query string, the URL and forms too, and for headers in any case.",
        (f"{REQUEST}postData.mimeType", f"{REQUEST}postData.params", f"{REQUEST}postData.text"),
        ("filtered form",),
    ),
)

COUNTS = {
    "One log per exchange, also for an empty response": {
        "head": (0, 1),
        "empty answer": (0, 1),
        "streamed answer": (3, 1),
    },
    "A form that the app reads is logged": {"form body": (0, 1), "repeated form name": (0, 1)},
    "OPTIONS is never logged": {"options": (1, 0)},
    "Bodies of PUT, PATCH and DELETE are logged": {
        "put": (0, 1),
        "patch": (0, 1),
        "delete with body": (0, 1),
    },
    "A POST without a body or a length does not break the app": {
        "post without length": (0, 1),
    },
    "A response that is not UTF-8 reaches the client, and the log": {
        "binary answer": (0, 1),
        "Latin-1 answer": (0, 1),
    },
    "An exception of the app is logged as status 500, and raised on": {"app raises": (0, 1)},
    "nobody to log it for, or a host that is not allowed": {
        "other host": (0, 0),
        "nobody": (0, 0),
        "no key": (0, 0),
        "grouping fails": (0, 0),
    },
}
"""How many logs a call makes, theirs and ours; one and one where it is not named."""

BROKEN_BY_THEM = {
    "post without length": "KeyError",
    "binary answer": "UnicodeDecodeError",
    "Latin-1 answer": "UnicodeDecodeError",
}
"""Calls in which the app is hurt: what is raised into the server."""
