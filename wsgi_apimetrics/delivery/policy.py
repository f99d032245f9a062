"""How exchanges are buffered and sent: the delivery options and a backend's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..options import BOOLEAN, DIRECTORY, choice, integer, number, option, optional, seconds


@dataclass(frozen=True, slots=True, eq=False)
class DeliveryPolicy:
    """Options of buffering and sending; for the middleware or for one backend."""

    buffer_length: int = option(
        10, integer(1), "How many exchanges are gathered before they are sent."
    )
    flush_interval_seconds: float = option(
        10.0, seconds(above=True), "After how long a partly filled batch is sent."
    )
    background_worker_mode: bool = option(
        True,
        BOOLEAN,
        "Whether a background thread sends (True), or the request's own thread, which then "
        "waits for the backend (False).",
    )
    timeout: float = option(
        3.0, seconds(above=True), "Seconds that one call to a backend may take."
    )
    max_queue_size: int = option(10_000, integer(1), "Exchanges kept in memory at most.")
    max_queue_bytes: int = option(
        64 * 1024 * 1024, integer(1), "Bytes of exchanges kept in memory at most."
    )
    shutdown_timeout: float = option(
        5.0, seconds(), "Seconds that sending the rest may take when the process ends."
    )
    spool_dir: str | None = option(
        None,
        optional(DIRECTORY),
        "A directory in which exchanges, redacted and encoded, are kept until the backend has "
        "them; several processes may share it.",
    )
    spool_max_bytes: int = option(
        512 * 1024 * 1024, integer(1024 * 1024), "Bytes of exchanges kept on disk at most."
    )
    spool_max_age_seconds: float = option(
        7 * 24 * 3600.0, number(0, above=True), "How long an exchange is kept on disk at most."
    )
    durability: str = option(
        "normal",
        choice("normal", "full"),
        "What a power cut may cost the spool: a bounded tail (normal) or nothing (full). The end "
        "of the process costs nothing either way.",
    )


class BatchLimits(NamedTuple):
    """What one payload of a backend may carry: exchanges, and bytes of fragments."""

    max_exchanges: int = 30
    max_bytes: int = 7_000_000
