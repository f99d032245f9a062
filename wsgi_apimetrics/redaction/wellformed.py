"""Whether a text is one JSON document, asked of SQLite: a third of what reading it here takes.

SQLite reads strictly by RFC 8259 and makes no objects. It may refuse what Python reads (``NaN``,
deep nesting), and it may not be there; so only its yes counts, and after a no the text is read
here. It is asked some questions with known answers first: one that says yes to what is no JSON is
not asked again.

A fork waits until an answer has come: no lock of SQLite's may stay taken in a child, which may
have databases of its own.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable

_REFUSED = (
    "", " ", "{", "[1", '{"a":', '"a', "[1]]", "[1] 2", "{} {}", '{"a":1,}', "[1,]", "[,1]",
    "{,}", '{"a" 1}', '{"a":}', '{"a":1 "b":2}', "[1 2]", "{a:1}", "{'a':1}", "['a']", "{1:2}",
    "[01]", "[-01]", "[1.]", "[.5]", "[+1]", "[-]", "[1e]", "[0x1F]", "[NaN]", "[Infinity]",
    "[tru]", "[nul]", "[True]", '["\n"]', '["\t"]', '["\x01"]', '["\\x41"]', '["\\u12"]',
    '["\\\'"]', '["a\\\nb"]', "/**/[1]", "[1]//", "\x0c[1]", "[1]\x0b", "\xa0[1]", "\ufeff[1]",
)  # fmt: skip
_TAKEN = '[{"a": [1, -2.50e+3, true, false, null, "\\u00e9\\n\\""], "b": {}, "\xe9": []}]\n'

_asking = threading.Lock()
_ask: Callable[[str], bool] | None = None


def is_json(text: str) -> bool:
    """Whether ``text`` is certainly one JSON document; it may still be one after a no."""
    global _ask  # noqa: PLW0603
    with _asking:
        if _ask is None:
            _ask = _opened()
        return _ask(text)


def _never(_: str) -> bool:
    return False


def _opened() -> Callable[[str], bool]:
    try:
        import sqlite3
    except ImportError:
        return _never
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    atexit.register(connection.close)
    execute = connection.execute

    def ask(text: str) -> bool:
        try:
            answer: tuple[object] = execute("SELECT json_valid(?)", (text,)).fetchone()
        except (sqlite3.Error, ValueError, OverflowError):
            return False
        return answer == (1,)

    return ask if ask(_TAKEN) and not any(map(ask, _REFUSED)) else _never


os.register_at_fork(
    before=_asking.acquire, after_in_parent=_asking.release, after_in_child=_asking.release
)
