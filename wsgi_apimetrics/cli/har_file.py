"""A HAR 1.2 file, read to exchanges: those of any tool, and those that ``export`` wrote."""

from __future__ import annotations

import base64
import binascii
import json
import re
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..exceptions import ApiMetricsError
from ..exchange import Body, Exchange, Group, Headers, Redaction, Request, Response, Timings
from ..jsonline import StoredExchange


class NoHar(ApiMetricsError):
    """The file is no HAR file; the text says what is wrong with it."""


def read(path: Path) -> list[StoredExchange]:
    """Return the entries of a HAR file, or of an array of ReadMe's logs, as exchanges.

    Raises:
        NoHar: it is none, or an entry in it is none.
        OSError: it can't be read.
    """
    try:
        document = json.loads(path.read_bytes())
        entries = list(_entries(document))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoHar(f"{path} is no HAR file: {type(error).__name__}: {error}") from None
    return [_checked(entry, f"{path}: entry {number}") for number, entry in enumerate(entries)]


def _checked(entry: Mapping[str, Any], where: str) -> StoredExchange:
    try:
        redactions = tuple(Redaction(**one) for one in entry.get("_redactions", ()))
        return StoredExchange(_exchange(entry), redactions)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoHar(f"{where}: {type(error).__name__}: {error}") from None


def _entries(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, list):
        for log in document:
            yield from log["request"]["log"]["entries"]
    else:
        yield from document["log"]["entries"]


def _exchange(entry: Mapping[str, Any]) -> Exchange:
    request, response = entry["request"], entry["response"]
    url = urllib.parse.urlsplit(request["url"])
    timings = entry.get("timings", {})
    wait, receive = (max(0.0, float(timings.get(name, 0) or 0)) for name in ("wait", "receive"))
    if not wait and not receive:
        wait = max(0.0, float(entry.get("time", 0)))
    return Exchange(
        id=str(entry.get("_id") or uuid.uuid4()),
        started_at=_moment(entry["startedDateTime"]),
        request=Request(
            method=request["method"],
            scheme=url.scheme or "http",
            host=url.netloc,
            path=url.path,
            query=url.query,
            protocol_version=str(request.get("httpVersion", "")).rpartition("/")[2] or "1.1",
            headers=_headers(request),
            body=_sent(request),
        ),
        response=Response(
            int(response["status"]),
            str(response.get("statusText", "")),
            _headers(response),
            _got(response),
        ),
        timings=Timings(wait / 1000, receive / 1000),
        group=Group(**entry["_group"]) if entry.get("_group") else None,
    )


def _moment(text: str) -> float:
    """Python 3.10 wants three or six digits of a second; tools write any number of them."""
    text = re.sub(r"\.(\d+)", lambda found: f".{found[1][:6]:0<6}", text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _headers(message: Mapping[str, Any]) -> Headers:
    return tuple((str(one["name"]), str(one["value"])) for one in message.get("headers", ()))


def _sent(request: Mapping[str, Any]) -> Body:
    posted = request.get("postData")
    if not posted:
        return Body()
    media_type = str(posted.get("mimeType", ""))
    if "text" in posted:
        content = _content(posted["text"], posted.get("_encoding", posted.get("encoding")))
    else:
        pairs = [(one["name"], one.get("value", "")) for one in posted.get("params", ())]
        content = urllib.parse.urlencode(pairs).encode()
        if media_type.startswith("multipart/"):
            media_type = "application/x-www-form-urlencoded"
    return Body(content, len(content), len(content), media_type)


def _got(response: Mapping[str, Any]) -> Body:
    found = response.get("content", {})
    size, media_type = found.get("size", -1), str(found.get("mimeType", ""))
    known = size if isinstance(size, int) and size >= 0 else None
    if "text" not in found:
        return (
            Body(None, known, known, media_type, omitted="not in the HAR file") if known else Body()
        )
    content = _content(found["text"], found.get("encoding"))
    cut = known is not None and known > len(content)
    return Body(content, known if cut else len(content), None, media_type, truncated=cut)


def _content(text: str, encoding: str | None) -> bytes:
    if encoding != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from None
