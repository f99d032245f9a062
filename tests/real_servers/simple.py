"""wsgiref's server: ``python -m real_servers.simple PORT MODULE:NAME``."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

from werkzeug.utils import import_string

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), import_string(sys.argv[2])) as server:
        server.serve_forever()
