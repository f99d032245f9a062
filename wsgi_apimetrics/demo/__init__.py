"""The demo: a small real API under a real server, with everything that an API may do.

``python -m wsgi_apimetrics demo`` starts it, drives it over HTTP, and shows what was recorded.
"""
