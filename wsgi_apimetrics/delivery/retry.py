"""What to do about an outcome: a pure function of the outcome, the attempt and the time.

No clock, no random number and no state of its own: they are given. Status codes are RFC 9110's
(425: RFC 8470, 422: RFC 9110 section 15.5.21); Retry-After is RFC 9110 section 10.2.3, seconds
or a date.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..payload import Outcome


class Action(enum.Enum):
    """What happens to the payload next."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """Wait and send it again."""
    COOL_DOWN = "cool_down"
    """Wait and send it again, but somebody has to mend something: say so."""
    SPLIT = "split"
    """Something in it is refused: send its halves, or set the one exchange aside."""
    SET_ASIDE = "set_aside"
    """All of it is refused."""


class Decision(NamedTuple):
    """An action, and how many seconds to wait before anything is sent again."""

    action: Action
    wait: float = 0.0


class RetryTable(NamedTuple):
    """Which statuses are worth another try; a backend's protocol may name its own.

    A status that stands nowhere in it gets ``patience`` cool-downs, then is set aside.

    Attributes:
        retry: Statuses that pass by themselves.
        unauthorized: Statuses that say that the key is wrong; retried until it is right.
        split: Statuses that say that something in the payload is refused.
        patience: After how many cool-downs any other refusal is believed.
        first_wait_seconds: The ceiling of the first back-off, doubled at each attempt ...
        backoff_cap_seconds: ... up to this.
        retry_after_cap_seconds: The longest that a Retry-After is honoured, and any wait but
            a cool-down's.
        first_cool_down_seconds: The first cool-down, doubled at each attempt ...
        cool_down_cap_seconds: ... up to this.
    """

    retry: frozenset[int] = frozenset({408, 425, 429, *range(500, 600)})
    unauthorized: frozenset[int] = frozenset({401, 403})
    split: frozenset[int] = frozenset({400, 413, 422})
    patience: int = 2
    first_wait_seconds: float = 1.0
    backoff_cap_seconds: float = 60.0
    retry_after_cap_seconds: float = 300.0
    first_cool_down_seconds: float = 15.0
    cool_down_cap_seconds: float = 900.0


def decide(
    outcome: Outcome, attempt: int, now: float, table: RetryTable, jitter: Callable[[], float]
) -> Decision:
    """Decide what to do about ``outcome``.

    Args:
        outcome: What came of sending.
        attempt: How many times the payload has been sent, this one included.
        now: Unix time in seconds, for a Retry-After that is a date.
        table: The backend's statuses and waits.
        jitter: Returns a number from 0 to 1: full jitter, so that many processes do not
            come back at the same moment.
    """
    status = outcome.status_code
    if outcome.accepted:
        return Decision(Action.DELIVERED)
    if status is None or status in table.retry:
        return Decision(Action.RETRY, _wait(outcome, attempt, now, table, jitter))
    if status in table.unauthorized:
        return Decision(Action.COOL_DOWN, _cool_down(attempt, table))
    if status in table.split:
        return Decision(Action.SPLIT)
    if attempt <= table.patience:
        return Decision(Action.COOL_DOWN, _cool_down(attempt, table))
    return Decision(Action.SET_ASIDE)


def retry_after_seconds(value: str | None, now: float) -> float:
    """Return how long a Retry-After header asks to wait; 0 if it says nothing that can be read."""
    text = (value or "").strip()
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        seconds = _date(text) - now
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _date(text: str) -> float:
    """Return an HTTP date as Unix time, nan for nonsense; one without a zone is UTC."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan


def _wait(
    outcome: Outcome, attempt: int, now: float, table: RetryTable, jitter: Callable[[], float]
) -> float:
    ceiling = _doubled(table.first_wait_seconds, attempt, table.backoff_cap_seconds)
    asked = retry_after_seconds(outcome.retry_after, now)
    return min(table.retry_after_cap_seconds, max(asked, ceiling * jitter()))


def _cool_down(attempt: int, table: RetryTable) -> float:
    return _doubled(table.first_cool_down_seconds, attempt, table.cool_down_cap_seconds)


def _doubled(first: float, attempt: int, cap: float) -> float:
    return min(cap, first * 2.0 ** min(attempt - 1, 64))
