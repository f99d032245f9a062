"""The inspector: a local store as web pages, live, and safe to look at.

What it shows was written by strangers: no captured byte is ever executed or rendered as markup.
It reads; the one thing that it writes, and only if asked to, is what SDKs send it, into a
store of its own. It needs the extra ``[inspector]``.
"""

from __future__ import annotations

from importlib.util import find_spec

from ..exceptions import MissingExtraError

if find_spec("jinja2") is None:
    raise MissingExtraError("the inspector", "inspector")

from .app import Inspector
from .server import serve

__all__ = ["Inspector", "serve"]
