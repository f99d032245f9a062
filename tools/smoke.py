"""What an installed wheel must do with nothing but its run-time dependencies: `make dist`."""

from importlib.metadata import version
from importlib.resources import files
from wsgiref.util import setup_testing_defaults

import wsgi_apimetrics
from wsgi_apimetrics import ApiMetricsMiddleware, Local

assert "site-packages" in wsgi_apimetrics.__file__, wsgi_apimetrics.__file__
assert version("wsgi-apimetrics") == wsgi_apimetrics.__version__
assert files("wsgi_apimetrics").joinpath("py.typed").is_file()
for name in wsgi_apimetrics.__all__:
    assert getattr(wsgi_apimetrics, name) is not None


def app(environ, start_response):
    """Answer everybody alike."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


environ: dict[str, object] = {}
setup_testing_defaults(environ)
middleware = ApiMetricsMiddleware(app, Local(path="smoke.db"))
assert b"".join(middleware(environ, lambda _status, _headers: None)) == b"hello"
assert middleware.shutdown()
(stats,) = middleware.stats().values()
assert stats.captured == stats.delivered == 1, stats
print(f"the wheel of {wsgi_apimetrics.__version__} works")
