"""Who gets in: the checks before any page, and the headers on every answer.

Other web sites in the user's browser are the strangers here. ``Host`` against a list ends DNS
rebinding (CVE-2018-14505, CVE-2025-66416); ``Origin`` and ``Sec-Fetch-Site`` (Fetch Metadata)
end requests of other pages; the token ends those of other users of the machine.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from ..hosts import AllowedHosts

Check = Callable[[Mapping[str, Any]], bool]
"""The app's own check: whether the request of an environ may look."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TOKEN = "token"  # noqa: S105 - a parameter's name

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The Content-Security-Policy of every page: no ``unsafe-*``, no other host, no injection sink."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request gets no page, for the user."""

    status: int
    title: str
    text: str


class Gate:
    """The checks of one inspector.

    Args:
        token: What the printed address carries; ``None`` if ``check`` decides alone.
        check: The app's own check, asked with the environ.
        hosts: The names under which the inspector may be asked for.
    """

    def __init__(self, token: str | None, check: Check | None, hosts: AllowedHosts) -> None:
        self._token = token
        self._check = check
        self._hosts = hosts

    def refusal(self, request: Request) -> Refusal | None:
        """Return why this request is refused whoever sent it, ``None`` if it is not."""
        if request.environ not in self._hosts:
            return Refusal(
                403,
                "Not under this name",
                f"This inspector does not answer to the host {request.host[:200]!r}. "
                "Name it in allowed_hosts if it should.",
            )
        origin = request.headers.get("Origin")
        own = f"{request.scheme}://{request.host}"
        site = request.headers.get("Sec-Fetch-Site", "none")
        if (origin is not None and origin != own) or site not in {"same-origin", "none"}:
            return Refusal(
                403,
                "Asked for by another site",
                "Another web site sent your browser here. To go on, put the address into the "
                "address bar yourself.",
            )
        return None

    def admits(self, request: Request) -> bool:
        """Whether the sender may look: the app says so, or the cookie is the token's."""
        if self._check is not None:
            return bool(self._check(request.environ))
        given = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(given.encode(), self._secret("cookie").encode())

    def exchange(self, request: Request, response: Response) -> bool:
        """Put the cookie on ``response`` if the request's token is right, and say whether."""
        given = request.args.get(TOKEN, "")
        if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return False
        response.set_cookie(
            self._cookie_name,
            self._secret("cookie"),
            path=request.root_path + "/",
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
        return True

    @property
    def _cookie_name(self) -> str:
        """One of its own: cookies do not tell ports apart (RFC 6265, section 8.5)."""
        return f"wsgi_apimetrics_{self._secret('name')[:12]}"

    def _secret(self, purpose: str) -> str:
        """Return what only the token's holders can make, the same in every worker process."""
        key = (self._token or "").encode()
        return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()
