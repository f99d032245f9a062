"""``wsgi-apimetrics inspect``: the app on a port of this machine, until Ctrl-C.

Threads are enough: one user looks, and SQLite lets any number read.
"""

from __future__ import annotations

import secrets
import socket
import sys
import webbrowser
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ..exceptions import ConfigurationError
from .app import INGESTED, Inspector
from .gate import LOOPBACK

STREAMS = 4
"""A browser opens six connections to one host, whatever is in how many tabs: two are left."""


class _Quiet(WSGIRequestHandler):
    """The address has the token in it: no line for each request."""

    timeout = 30.0
    """In seconds: who takes nothing of an answer for so long does not keep its thread."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def version_string(self) -> str:
        """Name no versions."""
        return "wsgi-apimetrics"


def serve(
    path: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    ingest: bool = False,
    token: str | None = None,
    browser: bool = False,
) -> None:
    """Show the store at ``path`` until Ctrl-C, and print the address that lets in.

    Args:
        path: The store; it need not be there yet.
        host: The address to listen on; anything but loopback's lets other machines ask.
        port: 0: a free one.
        ingest: Also take what SDKs send, into a store beside ``path``.
        token: By default a random one.
        browser: Whether to open the page in the user's browser.

    Raises:
        ConfigurationError: the port is taken, or the address is none of this machine.
    """
    token = token or secrets.token_urlsafe(24)
    ingested = ingested_path(path) if ingest else None
    named = f"[{host}]" if ":" in host else host
    app = Inspector(
        path, token=token, allowed_hosts=(*LOOPBACK, named), ingest=ingested, streams=STREAMS
    )
    server = _listening(host, port, app)
    address = f"http://{named}:{server.port}"
    _announce(path, ingested, address, token)
    if browser:
        webbrowser.open(f"{address}/?token={token}")
    try:
        server.serve_forever()  # until Ctrl-C, which Werkzeug takes for the end
        sys.stdout.write("\n")
    finally:
        server.server_close()
        app.close()


def ingested_path(path: Path) -> Path:
    """Return where what SDKs send is kept: beside the store, never in it."""
    return path.with_name(f"{path.stem}.ingested{path.suffix}")


def _listening(host: str, port: int, app: Inspector) -> BaseWSGIServer:
    """Bind by ourselves: Werkzeug prints and exits where a port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # Python adds the address again
        mend = "; --port 0 takes a free one" if port else ""
        raise ConfigurationError(
            f"inspect: can't listen on {host}, port {port}: {reason}{mend}"
        ) from None
    with listening:
        bound = listening.getsockname()[1]
        return make_server(
            host, bound, app, threaded=True, request_handler=_Quiet, fd=listening.fileno()
        )


def _announce(path: Path, ingested: Path | None, address: str, token: str) -> None:
    lines = [f"The inspector shows {path}", f"    {address}/?token={token}"]
    if ingested is not None:
        lines += [
            "",
            f"What SDKs send goes to {ingested}, not redacted by us; to look at it:",
            f"    {address}{INGESTED}/?token={token}",
            "",
            f"    README_METRICS_SERVER={address}",
            f"    APIToolkit: root_url={address}",
            f"    Pub/Sub by REST: {address}/v1/projects/PROJECT/topics/TOPIC:publish",
            f"    OTEL_EXPORTER_OTLP_ENDPOINT={address}",
        ]
    sys.stdout.write("\n".join([*lines, "", "Ctrl-C ends it.", ""]))
    sys.stdout.flush()
