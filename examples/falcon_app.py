"""Falcon, by ``init_app``. ``python examples/falcon_app.py``."""

import falcon

from wsgi_apimetrics.integrations.falcon import init_app


class User:
    def on_get(self, req, resp, user):
        resp.media = {"id": user}


def who(req):
    """Say who calls; ``req`` is Falcon's."""
    return {"api_key": req.get_header("X-User") or "nobody"}


app = falcon.App()
app.add_route("/users/{user:int}", User())

application = init_app(app, grouping_function=who)

if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", 8000, application).serve_forever()
