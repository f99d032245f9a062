"""The files that some servers are configured by."""

from __future__ import annotations

import os
import sys
from pathlib import Path

APACHE = """
ServerRoot {place}
PidFile {place}/pid
Listen 127.0.0.1:{port}
ServerName localhost
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
ErrorLog /dev/stderr
DefaultRuntimeDir {place}
Mutex file:{place} default
WSGISocketPrefix {place}/wsgi
WSGIDaemonProcess app processes=1 threads=4 python-home={prefix} python-path={tests}
WSGIProcessGroup app
WSGIChunkedRequest On
WSGIScriptAlias / {place}/script.py
{user}
<Directory {place}>
    Require all granted
</Directory>
"""

PASTE = """
[app:main]
use = call:{module}:app_factory
"""


def prepare(place: Path, app: str, port: int) -> None:
    """Write what the servers that are configured by files need to serve ``app``."""
    module, _, name = app.partition(":")
    place.chmod(0o755)  # the server may have a user of its own
    (place / "app.ini").write_text(PASTE.format(module=module))
    (place / "script.py").write_text(f"from {module} import {name} as application\n")
    user = "User nobody\nGroup nogroup" if os.getuid() == 0 else ""
    tests = Path(__file__).resolve().parents[1]
    (place / "apache.conf").write_text(
        APACHE.format(place=place, port=port, prefix=sys.prefix, tests=tests, user=user)
    )
