"""Small things that every reader of a foreign format needs: ids, times, bodies, pairs."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ...exchange import Body, Headers


def id_of(given: object) -> str:
    """Return a UUID: the one that was given, else one made of it, else a new one."""
    if not given:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(str(given)))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, str(given)))


def moment(text: object) -> float:
    """Return a date and time as a Unix time; one without a zone is taken for UTC.

    Python 3.10 wants three or six digits of a second; SDKs write any number of them.

    Raises:
        ValueError: it is none.
    """
    plain = re.sub(r"\.(\d+)", lambda found: f".{found[1][:6]:0<6}", str(text).strip())
    plain = re.sub(r"[Zz]$", "+00:00", plain)
    found = datetime.fromisoformat(plain)
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()


def multiple(headers: object) -> Headers:
    """Return headers that came as ``{name: value or [values]}``."""
    if not isinstance(headers, Mapping):
        return ()
    return tuple(
        (str(name), str(one))
        for name, value in headers.items()
        for one in (value if isinstance(value, list) else [value])
    )


def content_type(headers: Headers) -> str:
    """Return the Content-Type, ``""`` if there is none."""
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def body(content: bytes, headers: Headers) -> Body:
    """Return a body of which all is known."""
    return Body(content, len(content), len(content), content_type(headers))


def from_base64(text: Any) -> bytes:
    """Return what Base64 stands for; :class:`ValueError` if it is none."""
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except binascii.Error as error:
        raise ValueError(f"base64: {error}") from None
