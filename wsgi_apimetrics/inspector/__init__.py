"""The inspector: a local store as web pages, live, and safe to look at.

What it shows was written by strangers: no captured byte is ever executed or rendered as markup.
It reads; the one thing that it writes, and only if asked to, is what SDKs send it, into a
store of its own. It needs the extra ``[inspector]``.
"""

from __future__ import annotations

from ..exceptions import require_extra

require_extra("the inspector", "inspector", "jinja2")

from .app import Inspector  # noqa: E402 - jinja2 first
from .server import serve  # noqa: E402

__all__ = ["Inspector", "serve"]
