"""The house holds: who imports whom, who may do what, and how large a file gets.

Where one of these tests stands in the way, the lists at its head are the place to change, with
a reason: they are the drawing, and a line of them is read more often than the code.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import wsgi_apimetrics

PACKAGE = Path(wsgi_apimetrics.__file__).parent
ROOT = Path(__file__).parents[1]

LEAVES = {
    "_version",
    "exceptions",
    "exchange",
    "later",
    "options",
    "payload",
    "reported",
    "stats",
    "typing",
    "unguarded",
}
VALUES = {"current", "errors", "jsonline", "notices", "trace"}
ROOMS = {"capture", "delivery", "encoding", "redaction", "store", "transport"}
ASSEMBLY = {
    "backends",
    "config",
    "grouping",
    "handled",
    "hosts",
    "middleware",
    "observed",
    "recorder",
}
LEVELS = (LEAVES, VALUES, ROOMS, ASSEMBLY)
"""From the bottom up; what is in none of them (integrations, cli, testing ...) is on top."""

THIRD_PARTY = {
    "jsonpath_ng": {"redaction"},
    "urllib3": {"transport", "capture.content_encoding", "demo", "outgoing"},
    "werkzeug": {"capture", "encoding.forms", "grouping", "inspector", "integrations"},
}
"""The only packages or modules of ours that may import each run-time dependency."""

BROAD_EXCEPTS = {
    "backends.sampling": "the user's function",
    "capture.capture": "the guard around telemetry, while an exchange passes",
    "cli.configuration": "the function that makes the user's app",
    "delivery.guard": "the worker's loop",
    "grouping": "the user's function",
    "middleware": "the guard around telemetry, before the app is called",
    "options": "importing what a dotted path names runs code",
    "options.kinds": "importing what a dotted path names runs code",
    "outgoing.guarded": "the guard around telemetry, while an outgoing call passes",
    "recorder": "the guard around telemetry, where the backends part",
    "redaction.documents": "a rule that jsonpath-ng judges, on any document",
    "redaction.jsonpath": "the parser of rules, while configuring",
    "redaction.redactor": "the user's hook; and whatever redaction meets costs the exchange",
}
"""Where one ``except Exception`` that swallows may stand, and what raises there."""


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): _tree(path) for path in sorted(PACKAGE.rglob("*.py"))}
IS_PACKAGE = {_name(path.parent / "__init__.py") for path in PACKAGE.rglob("__init__.py")}


def _nodes(tree: ast.AST, *, types_too: bool = True) -> Iterator[ast.AST]:
    """Every node; without ``types_too``, none that stands under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(tree):
        if (
            isinstance(child, ast.If)
            and ast.unparse(child.test) == "TYPE_CHECKING"
            and not types_too
        ):
            continue
        yield child
        yield from _nodes(child, types_too=types_too)


def _imports(module: str, *, types_too: bool = True) -> Iterator[str]:
    """What a module imports, wherever in it: ours as ``.room.file``, others as they are named."""
    home = module.split(".") if module in IS_PACKAGE else module.split(".")[:-1]
    for node in _nodes(MODULES[module], types_too=types_too):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = [*filter(None, home[: len(home) - node.level + 1]), *filter(None, [node.module])]
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                yield "." + (inner if inner in MODULES else ".".join(base))


def _room(module: str) -> str:
    return module.partition(".")[0]


def _level(module: str) -> int:
    room = _room(module)
    return next((n for n, level in enumerate(LEVELS) if room in level), len(LEVELS))


def _may_import(module: str, target: str) -> bool:
    """Downwards, and on one's own level if that is not the level of the rooms."""
    if not target or _level(target) > _level(module):
        return False
    both_rooms = _room(module) in ROOMS and _room(target) in ROOMS
    return not both_rooms or _room(module) == _room(target)


def _is_within(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def test_imports_point_down() -> None:
    """No module imports from a level above its own, and no room from another room."""
    wrong = [
        f"{module} imports {target[1:] or 'the package itself'}"
        for module in filter(None, MODULES)
        for target in _imports(module)
        if target.startswith(".") and not _may_import(module, target[1:])
    ]
    assert not wrong, wrong


def test_no_import_cycle() -> None:
    """Modules can be put in an order in which each imports only earlier ones."""
    graph = {
        module: {target[1:] for target in _imports(module, types_too=False) if target[0] == "."}
        - {module}
        for module in filter(None, MODULES)
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


@pytest.mark.parametrize("module", sorted(LEAVES | VALUES))
def test_leaves_import_only_the_standard_library_and_each_other(module: str) -> None:
    """What everybody imports brings nothing along."""
    foreign = {name.split(".")[0] for name in _imports(module, types_too=False) if name[0] != "."}
    assert foreign <= sys.stdlib_module_names


@pytest.mark.parametrize("package", sorted(THIRD_PARTY))
def test_a_dependency_is_imported_only_where_it_belongs(package: str) -> None:
    """Each run-time dependency has its one place (and at most an exception with a name)."""
    importers = {
        module
        for module in MODULES
        if any(name.split(".")[0] == package for name in _imports(module))
    }
    outside = {module for module in importers if not _is_within(module, THIRD_PARTY[package])}
    assert not outside


def test_only_redaction_makes_a_redacted_exchange() -> None:
    """The type that encoders accept can't be had without redaction."""
    makers = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("RedactedExchange")
    }
    assert {module for module in makers if not _is_within(module, {"redaction"})} == set()


def test_broad_excepts_stand_only_where_they_are_known() -> None:
    """Whoever swallows every exception is named above, with the reason; one place per file."""
    found = [
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]
    assert sorted(found) == sorted(set(found)), "more than one in a file"
    assert set(found) <= set(BROAD_EXCEPTS)


def _public(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Public functions and classes, and the public methods of public classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_public_name_is_documented_and_typed(module: str) -> None:
    """The module opens with its rule; what can be called from outside says what it does."""
    assert ast.get_docstring(MODULES[module])
    for node in _public(MODULES[module]):
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        is_variant = any(name.endswith((".setter", "overload", "override")) for name in decorators)
        assert is_variant or ast.get_docstring(node), f"{node.name} has no docstring"
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [arg.arg for arg in arguments if arg.annotation is None]
            assert set(bare) <= {"self", "cls"}, f"{node.name}: {bare}"
            assert node.returns is not None, f"{node.name} has no return type"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=_name)
def test_no_file_grows_past_its_bound(path: Path) -> None:
    """Under 350 lines; a file that comes near is two files."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 350


def test_the_version_stands_in_one_place() -> None:
    """Whoever needs the version imports or reads it; no second file spells it out."""
    spelled = re.compile(rf"(?<![\d.]){re.escape(wsgi_apimetrics.__version__)}(?![\d.])")
    files = [*PACKAGE.rglob("*.py"), *ROOT.glob("*.cfg"), *ROOT.glob("*.toml"), ROOT / "setup.py"]
    found = [
        path.name
        for path in [*files, ROOT / "docs" / "conf.py"]
        if path.exists() and spelled.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["_version.py"]


def test_every_test_file_has_a_name_of_its_own() -> None:
    """Pytest refuses a whole run in which two of them, outside packages, are called alike."""
    files = [
        path.name
        for path in (ROOT / "tests").rglob("test_*.py")
        if not path.with_name("__init__.py").exists()
    ]
    assert {name for name in files if files.count(name) > 1} == set()
