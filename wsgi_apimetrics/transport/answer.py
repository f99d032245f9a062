"""What came back from a backend, before anybody decides anything about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..payload import Outcome

_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request, or why there is none.

    Attributes:
        status_code: The status, ``None`` if no answer came.
        headers: The answer's headers, their names in lower case.
        content: The beginning of the body.
        error: What went wrong if no answer came.
        uncertain: Whether the request may have arrived although no answer came.
    """

    status_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    error: str = ""
    uncertain: bool = False

    def outcome(self, secrets: Iterable[str] = ()) -> Outcome:
        """Return the facts for ``delivery``, with every one of the ``secrets`` taken out."""
        error = self.error or self._objection()
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            error = error.replace(secret, "***")
        return Outcome(
            status_code=self.status_code,
            error=_excerpt(error),
            retry_after=self.headers.get("retry-after"),
            uncertain=self.uncertain,
        )

    def _objection(self) -> str:
        if self.status_code is None or 200 <= self.status_code < 300:
            return ""
        if 300 <= self.status_code < 400 and "location" in self.headers:
            where = urlsplit(self.headers["location"]).hostname or "another path"
            return f"a redirect to {where} was not followed"
        return self.content.decode("utf-8", "replace")


def _excerpt(text: str) -> str:
    """Return the beginning of ``text`` as one line that is safe in a log."""
    shown = "".join(character if character.isprintable() else " " for character in text[:4096])
    return " ".join(shown.split())[:_EXCERPT_CHARACTERS]
