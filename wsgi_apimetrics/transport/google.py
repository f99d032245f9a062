"""Google's access tokens for a service account, signed here: no network and no thread.

google-auth's credentials would look up the account's "regional access boundary" on a thread of
their own; a self-signed JWT, which Google's APIs take as a bearer token (AIP-4111), needs no
more than the account's key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

AUDIENCE = "https://pubsub.googleapis.com/"
LIFETIME_SECONDS = 3600
"""The longest that Google takes."""
_RENEW_AFTER_SECONDS = 3000


class ServiceToken:
    """The current token of one service account.

    Args:
        account: As in Google's key files: ``client_email``, ``private_key``, ``private_key_id``.
        now: Unix time in seconds.

    Raises:
        ValueError: the account has no usable key.
    """

    def __init__(self, account: Mapping[str, Any], now: Callable[[], float] = time.time) -> None:
        from google.auth import crypt

        self._now = now
        self._signer = _signer(account, crypt.RSASigner)
        self._email = str(account["client_email"])
        self._ahead = 0.0
        self._token = ""
        self._made_at = 0.0

    def value(self) -> str:
        """Return a token that is good for ten minutes at least."""
        if not self._token or time.monotonic() - self._made_at > _RENEW_AFTER_SECONDS:
            self._token = self._signed()
            self._made_at = time.monotonic()
        return self._token

    def renew(self, date: str | None) -> float:
        """Sign anew at the next use, after a refusal.

        Args:
            date: The Date header of the refusal: a token is dated by the clock of whoever
                checks it, in case this machine's is wrong.

        Returns:
            How many seconds this machine's clock is ahead of theirs, as far as is known.
        """
        self._token = ""
        try:
            self._ahead = self._now() - parsedate_to_datetime(date or "").timestamp()
        except (ValueError, TypeError, OverflowError):
            self._ahead = 0.0
        return self._ahead

    def _signed(self) -> str:
        from google.auth import jwt

        issued_at = int(self._now() - self._ahead)
        claims = {
            "iss": self._email,
            "sub": self._email,
            "aud": AUDIENCE,
            "iat": issued_at,
            "exp": issued_at + LIFETIME_SECONDS,
        }
        token: bytes = jwt.encode(self._signer, claims)  # type: ignore[no-untyped-call]
        return token.decode("ascii")


def _signer(account: Mapping[str, Any], kind: Any) -> Any:
    try:
        signer = kind.from_service_account_info(account)
        _ = account["client_email"]
    except (ValueError, KeyError, TypeError) as error:
        # The text of the cause may quote the key.
        raise ValueError(f"no usable key in the service account ({type(error).__name__})") from None
    return signer
