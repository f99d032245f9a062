"""The app at the end of the pipeline in app.ini."""


def who(request):
    """Say who calls."""
    return {"api_key": request.headers.get("X-User", "nobody")}


def app_factory(global_conf, **local_conf):
    """Make the app, as PasteDeploy asks for it."""

    def app(environ, start_response):
        environ["wsgi_apimetrics.route"] = "/"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"Hello\n"]

    return app
