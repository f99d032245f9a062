"""Delivery under fire: a real server, a backend with a temper, signals; nothing may be lost."""
