"""Bottle, by the plugin. ``python examples/bottle_app.py``."""

import bottle

from wsgi_apimetrics.integrations.bottle import ApiMetricsPlugin


def who(request):
    """Say who calls; ``request`` is Bottle's."""
    return {"api_key": request.get_header("X-User", "nobody")}


application = bottle.Bottle()
application.install(ApiMetricsPlugin(grouping_function=who))


@application.get("/users/<user:int>")
def show(user):
    return {"id": user}


if __name__ == "__main__":
    application.run(port=8000)
