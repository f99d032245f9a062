"""The options of talking to a backend by HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..options import Kind, existing_file, option, optional


def _url(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    if not value.isascii() or not value.isprintable() or " " in value:
        # It becomes a header or a request line. RFC 3986, section 2: ASCII only.
        raise ValueError(
            "white space and control characters do not belong in a URL, nor what is not ASCII"
        )
    _ = parts.port  # raises ValueError for a port that is no number
    return value


def _plain_url(value: Any) -> str:
    url = _url(value)
    if "@" in urlsplit(url).netloc:
        raise ValueError("a user or a password in it would not be sent")
    return url


URL = Kind("an http or https URL", _plain_url)
SECRET_URL = URL._replace(check=_url, secret=True)
"""A URL that may hold a password."""


def _certificates(value: Any) -> str:
    import ssl  # costs an import, which an app without the option does not pay

    path = existing_file(value)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError("it holds no certificate in PEM form") from None
    return path


CERTIFICATES = Kind("the path of a file of certificates", _certificates)


@dataclass(frozen=True, slots=True, eq=False)
class HttpPolicy:
    """Options of the way to a backend; for the middleware or for one backend."""

    proxy: str | None = option(
        None,
        optional(SECRET_URL),
        "The proxy to use, http://user:password@host:port; not set: the one that HTTPS_PROXY, "
        "HTTP_PROXY and NO_PROXY name.",
    )
    ca_bundle: str | None = option(
        None,
        optional(CERTIFICATES),
        "A file of the certificates to trust, in PEM form, in place of the system's.",
    )
