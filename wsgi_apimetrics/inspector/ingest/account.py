"""What APIToolkit's server tells an SDK about its project, and a service account to sign with.

The key is made for this process and good for nothing: SDKs refuse to go on without one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_PROJECT_ID = "00000000-0000-4000-8000-000000000000"
_TOPIC, _PUBSUB_PROJECT = "ingested", "wsgi-apimetrics"


def metadata(root_url: str) -> dict[str, Any]:
    """Return the answer of ``client_metadata``; ``root_url`` ends with a slash."""
    return {
        "project_id": _PROJECT_ID,
        "topic_id": _TOPIC,
        "pubsub_project_id": _PUBSUB_PROJECT,
        "pubsub_push_service_account": {
            "type": "service_account",
            "project_id": _PUBSUB_PROJECT,
            "client_email": "inspector@localhost",
            "token_uri": f"{root_url}token",
            **_key(),
        },
    }


@cache
def _key() -> dict[str, str]:
    """Return a private key, or nothing where the package that makes one is not installed."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError:
        return {}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {"private_key_id": "inspector", "private_key": pem.decode("ascii")}
