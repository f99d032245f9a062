"""What an APIToolkit key stands for: the project, the topic, and the account that may publish.

``GET {root_url}/api/client_metadata`` says it; the server is not trusted to say it well.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .answer import Answer

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.~%_+-]{2,254}")
"""Names of Google's projects and topics; nothing that could change a URL's meaning."""
_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{2,62}")


@dataclass(frozen=True, slots=True)
class Metadata:
    """One answer of ``client_metadata``.

    Attributes:
        project_id: APIToolkit's id of the project, to be put in every message.
        topic: The topic's full name, ``projects/.../topics/...``.
        account: The service account that may publish, as in Google's key files.
    """

    project_id: str
    topic: str
    account: Mapping[str, Any] = field(repr=False)


def metadata_of(answer: Answer) -> Metadata | None:
    """Return what ``answer`` says, ``None`` if it is not what such an answer has to be."""
    try:
        said = json.loads(answer.content)
        project, topic = said["pubsub_project_id"], said["topic_id"]
        account = said.get("pubsub_push_service_account") or {}
        if not (_PROJECT.fullmatch(project) and _NAME.fullmatch(topic)):
            return None
        if not isinstance(account, dict):
            return None
        return Metadata(
            str(uuid.UUID(said["project_id"])), f"projects/{project}/topics/{topic}", account
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
