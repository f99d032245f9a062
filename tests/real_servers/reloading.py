"""Werkzeug's development server: ``python -m real_servers.reloading PORT MODULE:NAME``."""

from __future__ import annotations

import sys

from werkzeug.serving import run_simple
from werkzeug.utils import import_string

if __name__ == "__main__":
    run_simple(
        "127.0.0.1",
        int(sys.argv[1]),
        import_string(sys.argv[2]),
        use_reloader=True,
        reloader_type="stat",
        threaded=True,
    )
