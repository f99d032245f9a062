"""wsgiref's server for the zoo: ``python -m real_servers.simple PORT``."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

from .app import application

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), application) as server:
        server.serve_forever()
