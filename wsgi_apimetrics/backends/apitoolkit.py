"""The APIToolkit backend (now Monoscope), in both of its generations.

``protocol="pubsub"`` publishes JSON messages to the project's Google Pub/Sub topic, as
APIToolkit's own packages do; ``protocol="otlp"`` sends the spans that its documentation asks
for today. The options that its own packages have keep their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .. import options
from ..delivery.policy import BatchLimits, DeliveryPolicy
from ..delivery.retry import RetryTable
from ..exceptions import require_extra
from ..options import BOOLEAN, SECRET, STRINGS, TEXT, choice, option, optional
from ..redaction.policy import RedactionPolicy
from ..redaction.vocabulary import APITOOLKIT
from ..transport.policy import URL, HttpPolicy
from .base import Backend, Parts, required
from .otlp import OTLP_EXTRA, OTLP_LIMITS, OTLP_RETRIES, open_otlp, otlp_encoder
from .selection import SelectionPolicy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..encoding import Encoder
    from ..payload import Transport
    from ..typing import APIToolkitOptions

ROOT_URL = "https://app.apitoolkit.io"
EMULATOR_VARIABLE = "PUBSUB_EMULATOR_HOST"

PUBSUB_LIMITS = BatchLimits(max_exchanges=1000, max_bytes=7_000_000)
"""Google takes 1,000 messages and 10,000,000 bytes at once; Base64 makes 4 bytes of 3."""

PUBSUB_RETRIES = RetryTable(
    retry=frozenset({408, 409, 429, 499, 500, 502, 503, 504}),
    unauthorized=frozenset({401, 403, 404}),
)
"""As Google's own publisher retries; a topic that is not there is waited for, like a key."""


@dataclass(frozen=True, slots=True, eq=False)
class APIToolkitSettings:
    """What only APIToolkit knows."""

    api_key: str | None = option(None, optional(SECRET), "The key of the APIToolkit project.")
    root_url: str = option(ROOT_URL, URL, "Where APIToolkit, or Monoscope, is.")
    protocol: str = option(
        "pubsub",
        choice("pubsub", "otlp"),
        "pubsub: messages on the project's Google Pub/Sub topic; otlp: OpenTelemetry spans.",
    )
    endpoint: str | None = option(
        None,
        optional(URL),
        "For protocol otlp, the URL that spans go to; not set: {root_url}/v1/traces.",
    )
    service_name: str = option("wsgi", TEXT, "For protocol otlp, the app's name.")
    service_version: str | None = option(None, optional(TEXT), "The app's version.")
    tags: tuple[str, ...] = option((), STRINGS, "Words to put on everything that is sent.")
    debug: bool = option(
        False, BOOLEAN, "Whether to log what is sent, redacted, and what comes back."
    )


class APIToolkit(Backend):
    """Sends exchanges, incoming and outgoing, to APIToolkit.

    Args:
        options: The settings of :class:`APIToolkitSettings` (``api_key`` is required) and any
            shared option.

    >>> APIToolkit(api_key="...", service_version="3.0.0", tags=["prod", "eu"])
    APIToolkit(api_key=..., service_version='3.0.0', tags=('prod', 'eu'))
    """

    name: ClassVar[str] = "apitoolkit"
    settings: ClassVar[type] = APIToolkitSettings
    # "Real time", in the words of its documentation.
    defaults: ClassVar[Mapping[str, Any]] = {"flush_interval_seconds": 1.0}

    if TYPE_CHECKING:

        def __init__(self, **given: Unpack[APIToolkitOptions]) -> None: ...

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        """Make the parts of this backend's pipeline; see :meth:`Backend.parts`."""
        values = self.resolve(shared, environment)
        settings = options.build(APIToolkitSettings, values)
        over_otlp = settings.protocol == "otlp"
        way = _otlp if over_otlp else _pubsub
        http = options.build(HttpPolicy, values)
        delivery = options.build(DeliveryPolicy, values)
        make_encoder, open_transport, address = way(settings, environment, http, delivery.timeout)
        return Parts(
            name=self.name,
            make_encoder=make_encoder,
            open_transport=open_transport,
            selection=options.build(SelectionPolicy, values),
            redaction=options.build(RedactionPolicy, values),
            delivery=delivery,
            limits=OTLP_LIMITS if over_otlp else PUBSUB_LIMITS,
            retries=OTLP_RETRIES if over_otlp else PUBSUB_RETRIES,
            destination=f"{address} {settings.api_key} {settings.protocol}",
            takes_client_exchanges=True,
            vocabulary=APITOOLKIT,
        )


Way = tuple[Callable[[], "Encoder"], Callable[[], "Transport"], str]
"""The makers of the encoder and of the transport, and the address that it leads to."""


def _pubsub(
    settings: APIToolkitSettings, environment: Mapping[str, str], http: HttpPolicy, timeout: float
) -> Way:
    key = required(settings.api_key, "APIToolkit", "api_key")
    emulator = environment.get(EMULATOR_VARIABLE, "").strip() or None
    if emulator is None:
        require_extra(
            "Sending to APIToolkit over Pub/Sub", "apitoolkit", "google.auth", "cryptography"
        )

    def open_transport() -> Transport:
        # urllib3 is imported here, on the worker.
        from ..transport.client import HttpClient
        from ..transport.logged import LoggedTransport
        from ..transport.pubsub import PubSubTransport

        transport = PubSubTransport(
            HttpClient(http, timeout), settings.root_url.rstrip("/"), key, emulator
        )
        if not settings.debug:
            return transport
        return LoggedTransport(transport, APIToolkit.name, bytes.decode)

    def make_encoder() -> Encoder:
        from ..encoding.apitoolkit import APIToolkitEncoder

        return APIToolkitEncoder(settings.service_version, settings.tags)

    return make_encoder, open_transport, f"{settings.root_url.rstrip('/')} {emulator or ''}"


def _otlp(
    settings: APIToolkitSettings, _: Mapping[str, str], http: HttpPolicy, timeout: float
) -> Way:
    require_extra(*OTLP_EXTRA)
    headers = {"x-api-key": required(settings.api_key, "APIToolkit", "api_key")}
    endpoint = settings.endpoint or f"{settings.root_url.rstrip('/')}/v1/traces"

    def make_encoder() -> Encoder:
        from ..encoding.apitoolkit_span import APIToolkitSpans

        return otlp_encoder(
            settings.service_name,
            settings.service_version,
            describe=APIToolkitSpans(settings.service_version, settings.tags),
        )

    def open_transport() -> Transport:
        debug_name = APIToolkit.name if settings.debug else None
        return open_otlp(endpoint, headers, http, timeout, debug_name)

    return make_encoder, open_transport, endpoint
