"""Sphinx: reStructuredText, the reference from docstrings, warnings as errors (`make docs`)."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "wsgi-apimetrics"
version = release = installed_version("wsgi-apimetrics")
copyright = "the wsgi-apimetrics contributors"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "options_table",
]
exclude_patterns = ["_build"]
nitpicky = False
suppress_warnings = ["config.cache"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"wsgi-apimetrics {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
