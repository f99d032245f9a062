"""Exceptions that Flask turns into a response: reported, though they never reach us.

Flask's signal tells of each, for every app of the process; so an app that is wrapped by hand
needs nothing more. Flask is not imported for this: where it is used, it is there already.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from .current import exchange_of
from .errors import error_record, is_same


def follow_flask() -> None:
    """Have the exceptions of Flask apps reported; asking again changes nothing."""
    flask = sys.modules.get("flask")
    signal = getattr(flask, "got_request_exception", None)
    if signal is not None:
        signal.connect(_report)


def _report(_app: Any, exception: BaseException, **_: Any) -> None:
    """Report ``exception`` with the request that it ended, unless somebody has."""
    exchange = exchange_of(None)
    if exchange is None:
        return
    record = error_record(exception, time.time())
    if not any(is_same(one, record) for one in exchange.errors):
        exchange.add_error(record)
