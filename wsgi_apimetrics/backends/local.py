"""The local store as a backend: what the middleware uses when none is named."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .. import options
from ..delivery.policy import BatchLimits, DeliveryPolicy
from ..options import FILE, integer, number, option, optional
from ..redaction.policy import RedactionPolicy
from ..store import default_path
from .base import Backend, Parts
from .selection import SelectionPolicy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..encoding import Encoder
    from ..payload import Transport
    from ..typing import LocalOptions

_DAY = 86400.0


@dataclass(frozen=True, slots=True, eq=False)
class LocalSettings:
    """What only :class:`Local` knows."""

    path: str | None = option(
        None,
        optional(FILE),
        "The SQLite file; by default one in the user's state directory.",
    )
    max_store_bytes: int = option(
        256 * 1024 * 1024,
        integer(1024 * 1024),
        "How large the file may grow; the oldest exchanges go first.",
    )
    max_age_days: float = option(
        7.0, number(0, above=True), "After how many days an exchange is deleted."
    )


class Local(Backend):
    """Keep exchanges in an SQLite file, to look at with ``wsgi-apimetrics inspect``.

    Args:
        path: The file, by default ``wsgi-apimetrics/exchanges.sqlite`` in the user's state
            directory (``$XDG_STATE_HOME`` or ``~/.local/state``); made with mode 0600.
        max_store_bytes: How large it may grow, 256 MB by default.
        max_age_days: How long an exchange is kept, 7 days by default.
        options: Any shared option.

    Raises:
        ConfigurationError: an option is unknown or wrong.

    >>> Local(path="/tmp/shop.sqlite", max_age_days=1)
    Local(path='/tmp/shop.sqlite', max_age_days=1)
    """

    name: ClassVar[str] = "local"
    settings: ClassVar[type] = LocalSettings
    # A page that shows what happens now should not wait ten seconds for it.
    defaults: ClassVar[Mapping[str, Any]] = {"flush_interval_seconds": 1.0}

    if TYPE_CHECKING:

        def __init__(self, **given: Unpack[LocalOptions]) -> None: ...

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        """Make the encoder, and the transport that will open the file."""
        values = self.resolve(shared, environment)
        settings = options.build(LocalSettings, values)
        path = Path(settings.path) if settings.path else default_path(environment)
        return Parts(
            name=self.name,
            make_encoder=_encoder,
            open_transport=functools.partial(_open, path, settings),
            selection=options.build(SelectionPolicy, values),
            redaction=options.build(RedactionPolicy, values),
            delivery=options.build(DeliveryPolicy, values),
            limits=BatchLimits(max_exchanges=500, max_bytes=32 * 1024 * 1024),
            destination=str(path),
            takes_client_exchanges=True,
        )


def _encoder() -> Encoder:
    from ..encoding.local import LocalEncoder

    return LocalEncoder()


def _open(path: Path, settings: LocalSettings) -> Transport:
    """Make the transport; SQLite is imported here, on the worker."""
    from ..store import Limits, Writer
    from ..transport.local import LocalTransport

    limits = Limits(settings.max_store_bytes, settings.max_age_days * _DAY)
    return LocalTransport(functools.partial(Writer, path, limits))
