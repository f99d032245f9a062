"""The public names, listed: what is here is kept by the rules of semantic versioning.

Whoever adds or removes one changes this list, and says so in a changelog fragment.
"""

from __future__ import annotations

import importlib
import inspect
import sys

import pytest

from wsgi_apimetrics import OTLP, APIToolkit, MissingExtraError, cli

PUBLIC = {
    "wsgi_apimetrics": {
        "APIToolkit",
        "ApiMetricsError",
        "ApiMetricsMiddleware",
        "ConfigurationError",
        "Local",
        "MissingExtraError",
        "OTLP",
        "ReadMe",
        "__version__",
        "report_error",
    },
    "wsgi_apimetrics.apitoolkit": {"APIToolkit", "observe_request", "report_error"},
    "wsgi_apimetrics.outgoing": {
        "observe_request",
        "observe_request_async",
        "observed_adapter",
        "observed_pool_manager",
    },
    "wsgi_apimetrics.readme": {
        "MetricsApiConfig",
        "MetricsMiddleware",
        "ReadMeMetrics",
        "VerificationError",
        "VerifyWebhook",
    },
    "wsgi_apimetrics.store": {
        "Filter",
        "Limits",
        "Overview",
        "Page",
        "Store",
        "StoreError",
        "Summary",
        "Writer",
        "default_path",
    },
    "wsgi_apimetrics.testing": {
        "CapturedExchanges",
        "Memory",
        "MemoryTransport",
        "Outcome",
        "capture_exchanges",
    },
}
"""Modules whose ``__all__`` is their public face."""

ENTRANCES = {
    "wsgi_apimetrics.backends.base": {"Backend", "Parts"},
    "wsgi_apimetrics.declared": {"declared"},
    "wsgi_apimetrics.delivery.policy": {"BatchLimits"},
    "wsgi_apimetrics.delivery.retry": {"RetryTable"},
    "wsgi_apimetrics.encoding": {"Encoder"},
    "wsgi_apimetrics.exchange": {"Body", "Exchange", "RedactedExchange", "Request", "Response"},
    "wsgi_apimetrics.integrations.bottle": {"ApiMetricsPlugin"},
    "wsgi_apimetrics.integrations.django": {"RouteMiddleware", "get_wsgi_application", "wrap"},
    "wsgi_apimetrics.integrations.falcon": {"RouteComponent", "init_app"},
    "wsgi_apimetrics.integrations.flask": {"ApiMetrics"},
    "wsgi_apimetrics.integrations.pyramid": {"includeme", "tween_factory"},
    "wsgi_apimetrics.options": {"option"},
    "wsgi_apimetrics.paste": {"filter_app"},
    "wsgi_apimetrics.payload": {"Fragment", "Outcome", "Payload", "Transport"},
    "wsgi_apimetrics.prometheus": {"ApiMetricsCollector"},
    "wsgi_apimetrics.stats": {"BackendStats", "DropReason"},
    "wsgi_apimetrics.typing": {"MiddlewareOptions"},
}
"""What the documentation names in modules that hold more than is public."""


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_s_public_names_are_exactly_these(module):
    """Nothing comes or goes unnoticed."""
    assert set(importlib.import_module(module).__all__) == PUBLIC[module]


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for table in (PUBLIC, ENTRANCES) for module in table for name in table[module]],
)
def test_a_public_name_is_there_and_documented(module, name):
    """It can be imported, and says what it is."""
    public = getattr(importlib.import_module(module), name)
    assert isinstance(public, str) or inspect.getdoc(public)


@pytest.mark.parametrize(
    "module", ["wsgi_apimetrics", "wsgi_apimetrics.outgoing", "wsgi_apimetrics.store"]
)
def test_names_that_are_imported_later_are_seen_by_dir(module):
    """For a prompt's completion; and what is misspelt is no attribute."""
    package = importlib.import_module(module)
    assert set(dir(package)) == PUBLIC[module]
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nope'"):
        package.nope  # noqa: B018


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("wsgi_apimetrics.apitoolkit", "flask", "flask"),
        ("wsgi_apimetrics.outgoing.httpx_client", "httpx", "httpx"),
        ("wsgi_apimetrics.outgoing.requests_adapter", "requests", "requests"),
    ],
)
def test_a_library_that_is_not_installed_is_an_extra(monkeypatch, module, library, extra):
    """The error says what to install."""
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)  # as Python marks what can't be imported
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(MissingExtraError, match=rf"wsgi-apimetrics\[{extra}\]"):
        importlib.import_module(module)


@pytest.mark.parametrize(
    ("backend", "package", "module", "extra"),
    [
        (OTLP(endpoint="http://collector:4318"), "opentelemetry", "proto", "otlp"),
        (APIToolkit(api_key="k", protocol="otlp"), "opentelemetry", "proto", "otlp"),
        (APIToolkit(api_key="k"), "google", "auth", "apitoolkit"),
    ],
)
@pytest.mark.parametrize("what_is_missing", ["the module", "its package"])
def test_a_backend_whose_libraries_are_not_installed_names_its_extra(
    monkeypatch, backend, package, module, extra, what_is_missing
):
    """Before anything is captured, and also where nothing else of the same package is there."""
    missing = package if what_is_missing == "its package" else f"{package}.{module}"
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=rf"wsgi-apimetrics\[{extra}\]"):
        backend.parts({}, {})


def test_importing_the_command_line_runs_nothing():
    """Tools that import every module of a package get nothing printed, and no exit."""
    assert importlib.import_module("wsgi_apimetrics.__main__").main is cli.main
