"""The options as types, for editors and type checkers; at run time nobody asks for them.

Each dictionary has what a constructor takes by name. ``tests/typed`` holds them equal to the
table that the constructors read, and has an example that must check::

    def options_of_mine() -> MiddlewareOptions:
        return {"denylist": ["password"], "max_body_bytes": 4096}

    ApiMetricsMiddleware(app, **options_of_mine())

A text is an iterable of texts to a type checker, so ``denylist="password"`` passes here; it
is refused when the middleware is built.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypedDict

from .exchange import Exchange, RedactedExchange

GroupingFunction = Callable[[Any], Mapping[str, Any] | None]
"""Takes the framework's request and returns who called, or ``None``."""

RouteResolver = Callable[[Mapping[str, Any]], str | None]
"""Takes the environ and returns the matched route's template, or ``None``."""

BeforeSend = Callable[[RedactedExchange], RedactedExchange | None]
"""Takes each redacted exchange and returns it, changed or not, or ``None`` to drop it."""

Exclude = Callable[[Exchange], object]
"""Takes the exchange; a true answer leaves it out."""

StrPath = str | os.PathLike[str]


class SelectionOptions(TypedDict, total=False):
    """Which exchanges a backend wants, and who called."""

    grouping_function: GroupingFunction | str | None
    allowed_http_hosts: Iterable[str] | None
    sample_rate: float
    sample_rates: Mapping[str, float] | Iterable[tuple[str, float]] | None
    keep_errors: bool
    exclude_status_codes: Iterable[str | int] | None
    exclude: Exclude | str | None


class RedactionOptions(TypedDict, total=False):
    """What is taken out."""

    denylist: Iterable[str] | None
    allowlist: Iterable[str] | None
    redact_headers: Iterable[str] | None
    redact_request_body: Iterable[str] | None
    redact_response_body: Iterable[str] | None
    redact_common_secrets: bool
    redact_patterns: Iterable[str] | None
    redact_ignore_case: bool
    unredacted_headers: Iterable[str] | None
    before_send: BeforeSend | str | None


class DeliveryOptions(TypedDict, total=False):
    """How exchanges are held and sent."""

    buffer_length: int
    flush_interval_seconds: float
    background_worker_mode: bool
    timeout: float
    max_queue_size: int
    max_queue_bytes: int
    shutdown_timeout: float
    spool_dir: StrPath | None
    spool_max_bytes: int
    spool_max_age_seconds: float
    durability: Literal["normal", "full"]


class HttpOptions(TypedDict, total=False):
    """The way to a backend."""

    proxy: str | None
    ca_bundle: StrPath | None


class SharedOptions(SelectionOptions, RedactionOptions, DeliveryOptions, HttpOptions, total=False):
    """What may be given to the middleware or to a backend."""


class MiddlewareOptions(SharedOptions, total=False):
    """What ``ApiMetricsMiddleware`` takes by name; its backends it takes by position."""

    enabled: bool
    capture_request_body: bool
    capture_response_body: bool
    exclude_content_types: Iterable[str] | None
    max_body_bytes: int
    max_headers: int
    max_header_bytes: int
    max_url_bytes: int
    exclude_paths: Iterable[str] | None
    trusted_proxies: int
    route_resolver: RouteResolver | str | None


class LocalOptions(SharedOptions, total=False):
    """What ``Local`` takes."""

    path: StrPath | None
    max_store_bytes: int
    max_age_days: float


class ReadMeOptions(SharedOptions, total=False):
    """What ``ReadMe`` takes; ``api_key`` may come from the environment instead."""

    api_key: str | None
    server: str | None
    request_url: str | None
    development_mode: bool
    base_log_url: str | None
    project_url: str | None


class APIToolkitOptions(SharedOptions, total=False):
    """What ``APIToolkit`` takes; ``api_key`` may come from the environment instead."""

    api_key: str | None
    root_url: str
    protocol: Literal["pubsub", "otlp"]
    endpoint: str | None
    service_name: str
    service_version: str | None
    tags: Iterable[str]
    debug: bool


class OTLPOptions(SharedOptions, total=False):
    """What ``OTLP`` takes; ``endpoint`` may come from the environment instead."""

    endpoint: str | None
    headers: Mapping[str, str] | None
    service_name: str
    service_version: str | None
    resource_attributes: Mapping[str, str] | None
    compression: Literal["none", "gzip"]
    debug: bool
