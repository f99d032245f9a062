"""The ReadMe Metrics backend.

``POST {server}/v1/request`` with the project's key as the user of Basic authentication. The
options that ReadMe's own packages have keep their names.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from .. import options
from .._version import __version__
from ..delivery.policy import BatchLimits, DeliveryPolicy
from ..options import BOOLEAN, KEY, checked, option, optional
from ..redaction.policy import RedactionPolicy
from ..redaction.vocabulary import README
from ..transport.policy import URL, HttpPolicy
from .base import Backend, Parts, required
from .readme_links import DocumentationLinks
from .selection import SelectionPolicy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..encoding import Encoder
    from ..payload import Transport
    from ..typing import ReadMeOptions

SERVER = "https://metrics.readme.io"
SERVER_VARIABLE = "README_METRICS_SERVER"
DASHBOARD = "https://dash.readme.com/api/v1/"

LIMITS = BatchLimits(max_exchanges=30)
"""The vendor documents no limit; 30 is the most that its own packages ever send at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadMeSettings:
    """What only ReadMe knows."""

    api_key: str | None = option(None, optional(KEY), "The key of the ReadMe project.")
    server: str | None = option(
        None,
        optional(URL),
        f"The server that logs go to; not set: what {SERVER_VARIABLE} says, else {SERVER}.",
    )
    request_url: str | None = option(
        None, optional(URL), "The whole URL that logs go to, in place of {server}/v1/request."
    )
    development_mode: bool = option(
        False, BOOLEAN, "Whether the logs are kept apart from those of production."
    )
    base_log_url: str | None = option(
        None,
        optional(URL),
        "Where the project's logs are shown: responses get the header x-documentation-url, "
        "{base_log_url}/logs/{id}.",
    )
    project_url: str | None = option(
        None,
        optional(URL),
        "Where base_log_url is looked up if it is not set; "
        f"not set: {DASHBOARD} if the logs go to {SERVER}, else nowhere.",
    )


class ReadMe(Backend):
    """Sends exchanges to ReadMe Metrics.

    Args:
        options: The settings of :class:`ReadMeSettings` (``api_key`` is required) and any
            shared option.

    >>> ReadMe(api_key="rdme_123", development_mode=True)
    ReadMe(api_key=..., development_mode=True)
    """

    name = "readme"
    settings: ClassVar[type] = ReadMeSettings

    if TYPE_CHECKING:

        def __init__(self, **given: Unpack[ReadMeOptions]) -> None: ...

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        """Make the parts of this backend's pipeline; see :meth:`Backend.parts`."""
        values = self.resolve(shared, environment)
        settings = options.build(ReadMeSettings, values)
        delivery = options.build(DeliveryPolicy, values)
        destination = _Destination(
            settings, environment, options.build(HttpPolicy, values), delivery
        )
        links = DocumentationLinks(settings.base_log_url)
        return Parts(
            name=self.name,
            make_encoder=partial(_encoder, development=settings.development_mode),
            open_transport=lambda: destination.open(links),
            selection=options.build(SelectionPolicy, values),
            redaction=options.build(RedactionPolicy, values),
            delivery=delivery,
            limits=LIMITS,
            destination=destination.name,
            vocabulary=README,
            response_header=links.header,
        )


def _encoder(*, development: bool) -> Encoder:
    from ..encoding.readme import ReadMeEncoder

    return ReadMeEncoder(development=development)


class _Destination:
    """Where logs go and the project's base URL comes from, and as whom."""

    def __init__(
        self,
        settings: ReadMeSettings,
        environment: Mapping[str, str],
        http: HttpPolicy,
        delivery: DeliveryPolicy,
    ) -> None:
        self._key = required(settings.api_key, "ReadMe", "api_key")
        server = settings.server or _server(environment)
        self._url = settings.request_url or f"{server.rstrip('/')}/v1/request"
        self._project = settings.project_url or (
            DASHBOARD if self._url.startswith(f"{SERVER}/") else None
        )
        self._http = http
        self._delivery = delivery

    @property
    def name(self) -> str:
        """Address and account, and the format: what a spooled log belongs to."""
        return f"{self._url} {self._key} readme-har-1.2"

    def open(self, links: DocumentationLinks) -> Transport:
        """Make the transport; urllib3 is imported here, on the worker."""
        from ..transport.client import HttpClient
        from ..transport.http import HttpTransport
        from .readme_links import LinkingTransport, base_url

        credentials = base64.b64encode(f"{self._key}:".encode()).decode("ascii")
        headers = {
            "Authorization": f"Basic {credentials}",
            "User-Agent": f"wsgi-apimetrics/{__version__}",
        }
        client = HttpClient(self._http, self._delivery.timeout)
        transport = HttpTransport(client, self._url, headers, secrets=[self._key])
        if self._project is None or not self._delivery.background_worker_mode:
            return transport
        look_up = partial(base_url, client, self._project, headers)
        return LinkingTransport(transport, links, look_up)


def _server(environment: Mapping[str, str]) -> str:
    """Return the server that the vendor's own environment variable names, or the vendor's."""
    named = environment.get(SERVER_VARIABLE, "").strip()
    if not named:
        return SERVER
    return str(checked(SERVER_VARIABLE, named, URL, "environment variable "))
