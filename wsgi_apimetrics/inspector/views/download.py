"""One exchange in the forms that other programs take; bodies as files.

Everything here is an attachment of a type that no browser runs, or plain text; a picture is
served as one only if its bytes are those of a picture, and in a sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ..._version import __version__
from ...encoding.apitoolkit import APIToolkitEncoder
from ...encoding.har import entry
from ...encoding.readme import CREATOR, ReadMeEncoder
from ...exceptions import ExchangeDropped
from ...exchange import RedactedExchange
from ...jsonline import StoredExchange, dumps
from ...redaction.policy import RedactionPolicy
from ...redaction.redactor import Redactor
from ...redaction.stored import remembered
from ...redaction.vocabulary import APITOOLKIT, README, Vocabulary
from ..bodies import picture_type
from ..context import Context
from ..curl import command

FORMS = {
    "curl": "curl",
    "har": "HAR",
    "readme": "ReadMe log",
    "apitoolkit": "APIToolkit message",
    "json": "JSON line",
}
_SANDBOX = "default-src 'none'; sandbox"
_NAMED = 36


def form(context: Context, id_: str, form: str) -> Response:
    """Return the exchange as ``form``: shown as text, or downloaded where ``download`` is asked."""
    stored = context.reading.get(id_)
    if stored is None or form not in FORMS:
        raise NotFound("This exchange is not, or no longer, in the store.")
    response = Response(_WRITERS[form](stored), mimetype="text/plain")
    response.headers["Content-Security-Policy"] = _SANDBOX
    if context.arg("download"):
        suffix = "sh" if form == "curl" else "har" if form == "har" else "json"
        _attach(response, f"{id_[:_NAMED]}.{suffix}")
    return response


def body(context: Context, id_: str, side: str) -> Response:
    """Return a body's recorded bytes as a file."""
    response = Response(_content(context, id_, side), mimetype="application/octet-stream")
    _attach(response, f"{id_[:_NAMED]}-{side}.bin")
    return response


def image(context: Context, id_: str, side: str) -> Response:
    """Return a body that is a picture, as one."""
    content = _content(context, id_, side)
    media_type = picture_type(content)
    if media_type is None:
        raise NotFound("This body is no picture.")
    response = Response(content, mimetype=media_type)
    response.headers["Content-Security-Policy"] = _SANDBOX
    response.headers["Content-Disposition"] = "inline"
    return response


def _content(context: Context, id_: str, side: str) -> bytes:
    stored = context.reading.get(id_)
    if stored is None or side not in {"request", "response"}:
        raise NotFound("This exchange is not, or no longer, in the store.")
    message = stored.exchange.request if side == "request" else stored.exchange.response
    return message.body.content or b""


def _attach(response: Response, name: str) -> None:
    plain = "".join(
        one if one.isascii() and (one.isalnum() or one in "-._") else "_" for one in name
    )
    response.headers["Content-Security-Policy"] = _SANDBOX
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}"'


def _redacted(stored: StoredExchange, vocabulary: Vocabulary) -> RedactedExchange:
    """Encoders take nothing else; what was redacted when it was captured stays as it is."""
    return Redactor(RedactionPolicy(), vocabulary).redact(remembered(stored))


def _har(stored: StoredExchange) -> str:
    log = {
        "version": "1.2",
        "creator": {"name": CREATOR, "version": __version__},
        "entries": [entry(_redacted(stored, README))],
    }
    return _indented({"log": log})


def _readme(stored: StoredExchange) -> str:
    try:
        content = ReadMeEncoder().encode(_redacted(stored, README)).content
    except ExchangeDropped:
        return (
            "ReadMe gets nothing of this exchange: nobody knows who called, and it takes no log\n"
            "without a caller. A grouping function would say.\n"
        )
    return _indented(json.loads(content))


def _apitoolkit(stored: StoredExchange) -> str:
    content = APIToolkitEncoder().encode(_redacted(stored, APITOOLKIT)).content
    return _indented(json.loads(content))


def _indented(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


_WRITERS: dict[str, Callable[[StoredExchange], str]] = {
    "json": lambda stored: dumps(stored.exchange, stored.redactions).decode() + "\n",
    "curl": lambda stored: command(stored.exchange) + "\n",
    "har": _har,
    "readme": _readme,
    "apitoolkit": _apitoolkit,
}
