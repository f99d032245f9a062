"""What is captured of which requests: the capture options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..options import BOOLEAN, FUNCTION, STRINGS, integer, option, optional

KIB = 1024


@dataclass(frozen=True, slots=True, eq=False)
class CapturePolicy:
    """Options of capture; for the middleware alone, as all backends share one capture."""

    enabled: bool = option(
        True,
        BOOLEAN,
        "The kill switch: False hands every request to the app itself. False in the "
        "environment wins over what the code says.",
    )
    capture_request_body: bool = option(
        True, BOOLEAN, "Whether request bodies are kept; if not, wsgi.input is not touched."
    )
    capture_response_body: bool = option(
        True, BOOLEAN, "Whether response bodies are kept; if not, chunks are only counted."
    )
    exclude_content_types: tuple[str, ...] | None = option(
        None,
        optional(STRINGS),
        "Globs of media types (video/*, application/zip) whose bodies are left out.",
    )
    max_body_bytes: int = option(
        256 * KIB, integer(0), "Bytes kept of each body; the rest is counted, not kept."
    )
    max_headers: int = option(200, integer(1), "Header fields kept of each message.")
    max_header_bytes: int = option(
        64 * KIB, integer(KIB), "Bytes kept of all header fields of one message together."
    )
    max_url_bytes: int = option(16 * KIB, integer(KIB), "Bytes kept of the path and the query.")
    exclude_paths: tuple[str, ...] | None = option(
        None,
        optional(STRINGS),
        "Globs of paths (/health, /static/*) that are not captured; * also spans slashes.",
    )
    trusted_proxies: int = option(
        0,
        integer(0),
        "How many proxies in front of the app set X-Forwarded-*; 0 believes none of it.",
    )
    route_resolver: Callable[[Mapping[str, Any]], Any] | None = option(
        None,
        optional(FUNCTION),
        "Takes the environ and returns the matched route's template, or None.",
    )
