"""The vendor's mask of a key: it can be recognised, and not read.

``sha512-`` + base64 of the key's SHA-512 + ``?`` + the key's last four characters.
"""

from __future__ import annotations

import base64
import hashlib

_SHOWN = 4


def mask(key: str) -> str:
    """Return the mask of ``key``."""
    digest = hashlib.sha512(key.encode("utf-8", "surrogatepass")).digest()
    return f"sha512-{base64.b64encode(digest).decode()}?{key[-_SHOWN:]}"
