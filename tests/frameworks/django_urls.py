"""The API of :mod:`frameworks.apps` in Django: its URLs have to be a module."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path, re_path

from .apps import CHUNKS, Refused, seen


def fail(request: Any) -> HttpResponse:
    raise Refused("refused")


urlpatterns = [
    path("users/<int:user>", lambda request, user: HttpResponse(str(user))),
    re_path(r"^old/(?P<user>[0-9]+)/$", lambda request, user: HttpResponse(user)),
    path("stream", lambda request: StreamingHttpResponse(iter(CHUNKS))),
    path("upload", lambda request: HttpResponse(seen(request.read()))),
    path("fail", fail),
]
