"""Pyramid, by ``config.include``. ``python examples/pyramid_app.py``."""

from pyramid.config import Configurator


def who(request):
    """Say who calls; ``request`` is Pyramid's."""
    return {"api_key": request.headers.get("X-User", "nobody")}


def show(request):
    return {"id": request.matchdict["user"]}


def create_app(**settings):
    config = Configurator(settings=settings)
    config.include("wsgi_apimetrics.integrations.pyramid")
    config.add_route("user", "/users/{user}")
    config.add_view(show, route_name="user", renderer="json")
    return config.make_wsgi_app()


# In an ini file: wsgi_apimetrics.grouping_function = package.module.who
application = create_app(
    **{
        "wsgi_apimetrics.grouping_function": who,
        "wsgi_apimetrics.denylist": "password, token",
    }
)

if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", 8000, application).serve_forever()
