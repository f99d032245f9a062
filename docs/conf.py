"""Sphinx: reStructuredText, the reference from docstrings, warnings as errors (`make docs`)."""

import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from sphinx.ext.napoleon.docstring import GoogleDocstring

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
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"wsgi-apimetrics {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]

# An attribute's first line is a sentence, which may have a colon: what is before it is no type.
GoogleDocstring._consume_inline_attribute = lambda self: ("", self._consume_to_end())  # noqa: SLF001


def _is_left_out(*event: Any) -> bool:
    """Leave out the fields of named tuples, which are described with the class."""
    _, _, _, member, skip, _ = event
    return skip or str(getattr(member, "__doc__", "")).startswith("Alias for field number")


def _shortened(*event: Any) -> tuple[str | None, str | None]:
    """Leave the long sets out of what a dataclass makes of its defaults."""
    *_, signature, returns = event
    return signature and re.sub(r"frozenset\(\{[^}]*\}\)", "{...}", signature), returns


def setup(app: Any) -> None:
    """Make the reference readable."""
    app.connect("autodoc-skip-member", _is_left_out)
    app.connect("autodoc-process-signature", _shortened)
