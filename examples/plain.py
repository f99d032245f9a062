"""Any WSGI callable: wrap it. ``python examples/plain.py``, and ask for /users/42."""

from wsgi_apimetrics import ApiMetricsMiddleware


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if not path.startswith("/users/"):
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such page\n"]
    user = path.removeprefix("/users/")
    # What a framework would know: the template, for statistics by route.
    environ["wsgi_apimetrics.route"] = "/users/{user}"
    environ["wsgi_apimetrics.path_params"] = {"user": user}
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"user {user}\n".encode()]


def who(request):
    """Say who calls: whoever the header names. ``None`` would leave it out."""
    return {"api_key": request.headers.get("X-User", "nobody"), "label": "a user"}


# No backend named: the exchanges go to the local store. `wsgi-apimetrics tail`.
application = ApiMetricsMiddleware(app, grouping_function=who)

if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", 8000, application).serve_forever()
