"""A backend of one's own: each batch becomes a file of JSON lines in a directory.

``Files(directory="/var/log/exchanges")``, or ``WSGI_APIMETRICS_BACKENDS=files`` with
``WSGI_APIMETRICS_FILES_DIRECTORY``. Redaction, sampling, batches, retries, the spool and the counts
come with the base.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from wsgi_apimetrics import options
from wsgi_apimetrics.backends.base import Backend, Parts
from wsgi_apimetrics.backends.selection import SelectionPolicy
from wsgi_apimetrics.delivery.policy import DeliveryPolicy
from wsgi_apimetrics.exceptions import ConfigurationError
from wsgi_apimetrics.exchange import RedactedExchange
from wsgi_apimetrics.options import TEXT, option, optional
from wsgi_apimetrics.payload import Fragment, Outcome, Payload
from wsgi_apimetrics.redaction.policy import RedactionPolicy


@dataclass(frozen=True)
class FilesSettings:
    """What only ``Files`` knows."""

    directory: str | None = option(None, optional(TEXT), "The directory of the files.")


class FilesEncoder:
    """One line of JSON for each exchange: pure, and unable to take what is not redacted."""

    def encode(self, exchange: RedactedExchange) -> Fragment:
        line = {
            "id": exchange.id,
            "method": exchange.request.method,
            "path": exchange.request.path,
            "status": exchange.response.status_code,
            "caller": exchange.group.label if exchange.group else None,
        }
        return Fragment(exchange.id, json.dumps(line).encode())

    def pack(self, fragments: Sequence[Fragment]) -> Payload:
        return Payload(
            content=b"\n".join(fragment.content for fragment in fragments) + b"\n",
            content_type="application/jsonl",
            ids=tuple(fragment.id for fragment in fragments),
        )


class FilesTransport:
    """Writes a payload under a name that a second try writes again, and says what came of it."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)

    def send(self, payload: Payload) -> Outcome:
        path = self._directory / f"{payload.ids[0]}.jsonl"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(payload.content)
        except OSError as error:
            return Outcome(error=str(error))  # tried again
        return Outcome(status_code=200)

    def close(self) -> None:
        """Hold nothing."""


class Files(Backend):
    """Keeps exchanges as files of JSON lines."""

    name: ClassVar[str] = "files"
    settings: ClassVar[type] = FilesSettings

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        values = self.resolve(shared, environment)
        directory = options.build(FilesSettings, values).directory
        if directory is None:
            raise ConfigurationError("Files: directory is missing: give Files(directory=...)")
        return Parts(
            name=self.name,
            make_encoder=FilesEncoder,
            open_transport=functools.partial(FilesTransport, directory),
            selection=options.build(SelectionPolicy, values),
            redaction=options.build(RedactionPolicy, values),
            delivery=options.build(DeliveryPolicy, values),
        )
