"""Any OpenTelemetry collector as a backend: OTLP over HTTP, protobuf.

For when one machine is outgrown: exchanges go into the telemetry that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from .. import options
from .._version import __version__
from ..delivery.policy import BatchLimits, DeliveryPolicy
from ..delivery.retry import RetryTable
from ..exceptions import require_extra
from ..options import BOOLEAN, TEXT, Kind, choice, list_from_text, option, optional
from ..redaction.policy import RedactionPolicy
from ..redaction.vocabulary import APITOOLKIT
from ..transport.policy import URL, HttpPolicy
from .base import Backend, Parts, required
from .selection import SelectionPolicy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..encoding import Encoder
    from ..encoding.semantics import Span
    from ..exchange import Exchange
    from ..payload import Transport
    from ..typing import OTLPOptions

OTLP_RETRIES = RetryTable(retry=frozenset({429, 502, 503, 504}))
"""The only statuses that may be retried (OTLP specification, "OTLP/HTTP Response")."""

OTLP_LIMITS = BatchLimits(max_exchanges=512, max_bytes=4_000_000)
"""Collectors take 20 MiB by HTTP and 4 MiB by gRPC, which some pass it on by."""

OTLP_EXTRA = ("Sending by OTLP", "otlp", "opentelemetry.proto")
"""What whoever sends by OTLP requires."""


def _fields(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError
    for name, text in value.items():
        if not (isinstance(name, str) and isinstance(text, str)) or not name:
            raise TypeError
        if not (name + text).isprintable():
            raise ValueError("white space and control characters do not belong in it")
    return dict(value)


def _fields_from_text(text: str) -> dict[str, str]:
    fields = {}
    for part in list_from_text(text):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError
        fields[name.strip()] = value.strip()
    return fields


FIELDS = Kind("names with texts: a dict, or name=text, name=text", _fields, _fields_from_text)
SECRET_FIELDS = Kind(FIELDS.accepts, _fields, _fields_from_text, secret=True)


@dataclass(frozen=True, slots=True, eq=False)
class OTLPSettings:
    """What only OTLP knows."""

    endpoint: str | None = option(
        None, optional(URL), "The whole URL that spans go to: http://localhost:4318/v1/traces."
    )
    headers: Mapping[str, str] | None = option(
        None, optional(SECRET_FIELDS), "Headers to send along, such as a key."
    )
    service_name: str = option("wsgi", TEXT, "The app's name: service.name.")
    service_version: str | None = option(
        None, optional(TEXT), "The app's version: service.version."
    )
    resource_attributes: Mapping[str, str] | None = option(
        None, optional(FIELDS), "More attributes of the resource, such as deployment.environment."
    )
    compression: str = option(
        "none", choice("none", "gzip"), "Whether payloads are compressed: some receivers can't."
    )
    debug: bool = option(
        False, BOOLEAN, "Whether to log what is sent, redacted, and what comes back."
    )


class OTLP(Backend):
    """Sends exchanges, incoming and outgoing, to an OpenTelemetry collector as spans.

    Args:
        options: The settings of :class:`OTLPSettings` (``endpoint`` is required) and any shared
            option.

    >>> OTLP(endpoint="http://localhost:4318/v1/traces", headers={"x-key": "..."})
    OTLP(endpoint='http://localhost:4318/v1/traces', headers=...)
    """

    name: ClassVar[str] = "otlp"
    settings: ClassVar[type] = OTLPSettings
    defaults: ClassVar[Mapping[str, Any]] = {"flush_interval_seconds": 1.0}

    if TYPE_CHECKING:

        def __init__(self, **given: Unpack[OTLPOptions]) -> None: ...

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        """Make the parts of this backend's pipeline; see :meth:`Backend.parts`."""
        values = self.resolve(shared, environment)
        settings = options.build(OTLPSettings, values)
        endpoint = required(settings.endpoint, "OTLP", "endpoint")
        require_extra(*OTLP_EXTRA)
        http = options.build(HttpPolicy, values)
        delivery = options.build(DeliveryPolicy, values)
        compressed = settings.compression == "gzip"
        headers = dict(settings.headers or {})
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return Parts(
            name=self.name,
            make_encoder=partial(
                otlp_encoder,
                settings.service_name,
                settings.service_version,
                settings.resource_attributes,
                compressed=compressed,
            ),
            open_transport=lambda: open_otlp(
                endpoint, headers, http, delivery.timeout, self.name if settings.debug else None
            ),
            selection=options.build(SelectionPolicy, values),
            redaction=options.build(RedactionPolicy, values),
            delivery=delivery,
            limits=OTLP_LIMITS,
            retries=OTLP_RETRIES,
            destination=f"{endpoint} {sorted((settings.headers or {}).items())} otlp-protobuf",
            takes_client_exchanges=True,
            vocabulary=APITOOLKIT,
        )


def otlp_encoder(
    service_name: str,
    service_version: str | None,
    more: Mapping[str, str] | None = None,
    describe: Callable[[Exchange], Span] | None = None,
    *,
    compressed: bool = False,
) -> Encoder:
    """Return the encoder for a service; ``None`` describes as the conventions do."""
    from ..encoding.otlp import OTLPEncoder
    from ..encoding.semantics import span_of

    resource = {
        "service.name": service_name,
        "service.version": service_version or "",
        "telemetry.sdk.name": "wsgi-apimetrics",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
        **(more or {}),
    }
    resource = {name: text for name, text in resource.items() if text}
    return OTLPEncoder(resource, describe or span_of, compressed=compressed)


def open_otlp(
    endpoint: str,
    headers: Mapping[str, str],
    http: HttpPolicy,
    timeout: float,
    debug_name: str | None,
) -> Transport:
    """Make the transport; urllib3 is imported here, on the worker."""
    from ..transport.client import HttpClient
    from ..transport.http import HttpTransport
    from ..transport.logged import LoggedTransport
    from ..transport.otlp import shown, with_rejected

    client = HttpClient(http, timeout)
    transport = HttpTransport(client, endpoint, headers, headers.values(), with_rejected)
    return transport if debug_name is None else LoggedTransport(transport, debug_name, shown)
