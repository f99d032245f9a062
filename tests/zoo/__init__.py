"""A zoo of small WSGI apps, and the probe that drives each as a server would."""
