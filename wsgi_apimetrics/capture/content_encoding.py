"""Takes the Content-Encoding off a recorded body, within bounds.

urllib3 knows the codings (gzip, deflate; br and zstd where their packages are installed). A
body may be a prefix, and may be made to expand without end: what is kept is cut at a number of
bytes, and decoding stops at a multiple of it.
"""

from __future__ import annotations

import io
from typing import NamedTuple

_STEP = 8 * 1024
"""Bytes of coded input per step: even a bomb makes some 8 MB of it, not more."""

_COUNTED = 16
"""How many times the kept size is decoded at most, so that the whole can be counted."""


class Decoded(NamedTuple):
    """A body without its coding.

    Attributes:
        content: The kept beginning, ``None`` if it could not be decoded at all.
        size: Bytes of the whole, ``None`` if the end was not reached.
    """

    content: bytes | None
    size: int | None


def decode(content: bytes, content_encoding: str, limit: int, *, complete: bool) -> Decoded:
    """Decode ``content`` and keep at most ``limit`` bytes of it.

    Args:
        content: The coded bytes, the whole body if ``complete``, else a prefix.
        content_encoding: The Content-Encoding header's value.
        limit: Bytes to keep.
        complete: Whether ``content`` is all that there was.
    """
    from urllib3.exceptions import HTTPError
    from urllib3.response import HTTPResponse

    response = HTTPResponse(
        body=io.BytesIO(content),
        headers={"content-encoding": content_encoding},
        preload_content=False,
        decode_content=True,
    )
    kept = bytearray()
    size = 0
    try:
        while size <= limit * _COUNTED:
            piece = response.read(_STEP, decode_content=True)
            if not piece:
                return Decoded(bytes(kept), size if complete else None)
            size += len(piece)
            kept += piece[: limit - len(kept)]
    except HTTPError:
        # A prefix that ends within the coding is no error; damage before any byte is.
        return Decoded(bytes(kept) if kept and not complete else None, None)
    return Decoded(bytes(kept), None)


def is_supported(content_encoding: str) -> bool:
    """Whether urllib3 can take every one of these codings off, here and now."""
    from urllib3.response import HTTPResponse

    return all(
        coding.strip().lower() in HTTPResponse.CONTENT_DECODERS
        for coding in content_encoding.split(",")
    )
