"""Django in one file, settings and all. ``python examples/django_app.py``."""

from django.conf import settings
from django.http import JsonResponse
from django.urls import path

from wsgi_apimetrics.integrations.django import get_wsgi_application


def who(request):
    """Say who calls; ``request`` is Django's, with ``request.user`` if you have one."""
    return {"api_key": request.headers.get("X-User", "nobody")}


def show(request, user):
    return JsonResponse({"id": user})


urlpatterns = [path("users/<int:user>", show)]

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["wsgi_apimetrics.integrations.django.RouteMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="an example's",
    WSGI_APIMETRICS={"grouping_function": who, "denylist": ["password"]},
)

application = get_wsgi_application()

if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", 8000, application).serve_forever()
