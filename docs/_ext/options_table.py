"""``.. options:: module.Policy``: the options of a policy, read off its fields."""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def _default(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1024:
        for unit, size in (("MiB", 2**20), ("KiB", 2**10)):
            if value % size == 0:
                return f"``{value}`` ({value // size} {unit})"
    return f"``{value!r}``"


class Options(SphinxDirective):
    """A definition list: the option, its default, what it accepts, what it means."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the list as reStructuredText and have it parsed."""
        module, _, name = self.arguments[0].rpartition(".")
        policy = getattr(importlib.import_module(module), name)
        lines = []
        for field in dataclasses.fields(policy):
            kind = field.metadata["kind"]
            lines += [
                f"``{field.name}`` = {_default(field.default)}",
                f"    {_escaped(field.metadata['doc'])} *({_escaped(kind.accepts)})*",
                "",
            ]
        node = nodes.container()
        self.state.nested_parse(StringList(lines, source=module), self.content_offset, node)
        return node.children


def _escaped(text: str) -> str:
    """Keep text from being markup; what is to be copied stays as it is, and is no link."""
    parts = re.split(r"(https?://[^\s;]*[^\s;.,]|\{'[^}]*\})", text)
    return "".join(
        f"``{part}``" if number % 2 else re.sub(r"([\\*|_])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("options", Options)
    return {"parallel_read_safe": True}
