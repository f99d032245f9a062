"""Calls that the app makes, observed: each an exchange of its own, linked to the incoming one.

What the app sends and gets is left as it is: bodies are recorded as they pass, never read
ahead. Each library is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..later import later

if TYPE_CHECKING:
    from .httpx_client import observe_request, observe_request_async
    from .requests_adapter import observed_adapter
    from .urllib3_pool import observed_pool_manager
else:  # a type checker that saw it would take every misspelt name
    __getattr__ = later(
        __name__,
        {
            "observe_request": "httpx_client",
            "observe_request_async": "httpx_client",
            "observed_adapter": "requests_adapter",
            "observed_pool_manager": "urllib3_pool",
        },
    )

__all__ = [
    "observe_request",
    "observe_request_async",
    "observed_adapter",
    "observed_pool_manager",
]


def __dir__() -> list[str]:
    return __all__
