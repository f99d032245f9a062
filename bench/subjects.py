"""What is measured: each peer set up as its vendor's page says, and ourselves, around one app.

Each function takes the sink's ports and returns the app and a function that hurries what is
still on its way. Redaction is on wherever there is any, for the same fields. Imported by the
processes that run one subject each: every import of a peer is inside its function.
"""

from __future__ import annotations

import copy
import os
import sys

from . import exchanges

KEY = "0123456789abcdefghijklmn"
BATCH = 10


def nothing():
    """There is nothing to hurry."""


def bare(ports, body):
    return exchanges.json_app(body), nothing


def bare_flask(ports, body):
    return exchanges.flask_app(body), nothing


def noop(ports, body):
    from .floors import noop as wrapper

    return wrapper(exchanges.json_app(body)), nothing


def noop_flask(ports, body):
    from .floors import noop as wrapper

    return wrapper(exchanges.flask_app(body)), nothing


def tee(ports, body):
    """The floor of whatever records whole exchanges; sends nothing."""
    from .floors import tee as wrapper

    return wrapper(exchanges.json_app(body)), nothing


def ours(ports, body, app=None, name="ours", **options):
    """ReadMe's wire format over HTTP, by the standard library's JSON."""
    from wsgi_apimetrics import ApiMetricsMiddleware, ReadMe

    backend = ReadMe(
        api_key=KEY,
        server=f"http://127.0.0.1:{ports[name]}",
        grouping_function=caller,
        buffer_length=BATCH,
        **{**exchanges.RULES, **options},
    )
    middleware = ApiMetricsMiddleware(app or exchanges.json_app(body), backend)
    return middleware, lambda: middleware.flush(30)


def without_orjson(ports, body, **options):
    sys.modules["orjson"] = None  # as if the extra were not installed
    return ours(ports, body, **options)


def ours_plain(ports, body):
    return without_orjson(ports, body)


def ours_wide(ports, body):
    """The rules name 43 values in place of four."""
    return without_orjson(ports, body, name="ours-wide", **exchanges.WIDE_RULES)


def ours_speed(ports, body):
    import orjson

    assert orjson
    return ours(ports, body, name="ours-speed")


def ours_flask(ports, body):
    return without_orjson(ports, body, app=exchanges.flask_app(body), name="ours-flask")


def ours_untouched(ports, body):
    """The rules name nothing that is in the large response."""
    rules = {"redact_response_body": ["$.customer.iban", "$.card.number"]}
    return without_orjson(ports, body, name="ours-untouched", **rules)


def ours_slow(ports, body):
    return without_orjson(ports, body, name="ours-slow")


def ours_hanging(ports, body):
    return without_orjson(ports, body, name="ours-hanging")


def caller(request):
    return {"api_key": "caller-0001", "label": "Caller", "email": "caller@example.com"}


def moesifwsgi(ports, body):
    from moesifwsgi import MoesifMiddleware

    def masked(event):
        request, response = event.request.body, event.response.body
        if isinstance(request, dict):
            request["user"]["password"] = request["user"]["name"] = None
        if isinstance(response, dict):
            response["api_key"] = response["owner"]["email"] = None
        return event

    settings = {
        "APPLICATION_ID": KEY,
        "BASE_URI": f"http://127.0.0.1:{ports['moesifwsgi']}",
        "BATCH_SIZE": BATCH,
        "MASK_EVENT_MODEL": masked,
    }
    return MoesifMiddleware(exchanges.json_app(body), settings), nothing


def apitally(ports, body):
    from apitally.flask import init
    from apitally.shared import activation

    app = exchanges.flask_app(body)
    init(
        app,
        write_token=f"apt_{KEY}",
        env="dev",
        otlp_endpoint=f"http://127.0.0.1:{ports['apitally']}",
        capture_logs=False,
        capture_request_headers=True,
        capture_request_body=True,
        capture_response_body=True,
        mask_body_fields=["password", "name", "api_key", "email"],
    )
    activation.activate()
    return app, lambda: activation.export_worker.run_cycle(None)


def readme_metrics(ports, body, name="readme-metrics", **options):
    """As the vendor's page has it, each log is sent by itself."""
    from readme_metrics import MetricsApiConfig
    from readme_metrics.MetricsMiddleware import MetricsMiddleware

    MetricsApiConfig.METRICS_API = f"http://127.0.0.1:{ports[name]}"
    config = MetricsApiConfig(
        KEY,
        lambda request: copy.copy(caller(request)),
        base_log_url="https://docs.example.com",
        denylist=["password", "name", "api_key", "email"],
        **options,
    )
    return MetricsMiddleware(exchanges.json_app(body), config), nothing


def readme_metrics_in_tens(ports, body):
    return readme_metrics(ports, body, "readme-metrics-10", buffer_length=BATCH)


def opentelemetry(ports, body):
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    url = f"http://127.0.0.1:{ports['opentelemetry']}/v1/traces"
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=url), max_export_batch_size=BATCH)
    )
    trace.set_tracer_provider(provider)
    return OpenTelemetryMiddleware(exchanges.json_app(body)), provider.force_flush


def apitoolkit_flask(ports, body):
    os.environ["PUBSUB_EMULATOR_HOST"] = f"127.0.0.1:{ports['pubsub']}"
    from apitoolkit_flask import APIToolkit

    app = exchanges.flask_app(body)
    client = APIToolkit(
        api_key=KEY,
        root_url=f"http://127.0.0.1:{ports['apitoolkit-flask']}",
        **exchanges.RULES,
    )
    app.before_request(client.beforeRequest)
    app.after_request(lambda response: (client.afterRequest(response), response)[1])
    return app, nothing


SUBJECTS = {
    "bare": bare,
    "bare-flask": bare_flask,
    "noop": noop,
    "noop-flask": noop_flask,
    "tee": tee,
    "ours": ours_plain,
    "ours-wide": ours_wide,
    "ours-speed": ours_speed,
    "ours-untouched": ours_untouched,
    "ours-flask": ours_flask,
    "ours-slow": ours_slow,
    "ours-hanging": ours_hanging,
    "moesifwsgi": moesifwsgi,
    "opentelemetry": opentelemetry,
    "apitally": apitally,
    "readme-metrics": readme_metrics,
    "readme-metrics-10": readme_metrics_in_tens,
    "apitoolkit-flask": apitoolkit_flask,
}
ON_FLASK = frozenset({"apitally", "apitoolkit-flask", "ours-flask", "noop-flask"})
"""Subjects around the Flask app: what they add is over that app."""
