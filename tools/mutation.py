"""Which changes to capture and redaction does no test notice? ``make mutation``.

cosmic-ray's operators say which changes there are; each is made in a copy of the project and tried
by the tests of its room. ``--sample 100`` takes that many of each room at random, ``--seed`` which;
all of them take hours. Each is told as it comes: what notices it, or its difference. ``--only``
takes those whose names (``file.py:line operator:occurrence``) begin so.

What the tests import, but for the package itself, is imported once, and each change is tried in a
fork of that: the tests that run the changed statement first, up to the first that fails, with the
same examples each time, and without making smaller what Hypothesis found. A change with which a
test needs many times the processor time, or waits for ever, is noticed, and counted apart.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextlib
import difflib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from mutation_order import Ordering, Watching, ranked, statement

ROOT = Path(__file__).parents[1]
ROOMS = {
    "capture": ["tests/capture", "tests/middleware", "tests/zoo", "tests/frameworks/test_route.py"],
    "redaction": ["tests/redaction"],
}
IMPORTED = "pytest", "hypothesis.strategies", "werkzeug.test", "jsonpath_ng.ext"
OPTIONS = [
    *("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"),
    *("--hypothesis-profile", "unshrunk"),
    *("-W", "ignore:Module already imported"),
]
NO_TESTS = 5  # pytest's exit code
WAITED_SECONDS = 60  # while no test ends


def main():
    """Measure the rooms that are named, else all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=[], help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, help="so many changes of each room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="changes whose names begin so")
    given = parser.parse_args()
    print("seed", given.seed)
    for name in IMPORTED:
        importlib.import_module(name)
    sys.dont_write_bytecode = True  # two changes within a second have the same time
    shares = [measure(room, given) for room in given.rooms or ROOMS]
    return 0 if all(share >= 0.9 for share in shares) else 1


def measure(room, given):
    """Try the changes of one room and return the share that was noticed."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "project")
        skipped = shutil.ignore_patterns(".*", "build", "dist", "_build", "*.egg-info")
        shutil.copytree(ROOT, copy, ignore=skipped)
        changes = [change for change in find(copy, room) if str(change).startswith(given.only)]
        if given.sample is not None:
            changes = random.Random(given.seed).sample(changes, min(given.sample, len(changes)))
        notes = noted(copy, room)
        seen = collections.Counter()
        for change in changes:
            order = ranked(notes, *change.place(copy))
            with change.made() as difference:
                came = outcome(copy, notes, *order) if change.compiles() else "no program"
            seen[came] += 1
            told = difference if came != "failed" else _last_line(copy)
            print(f"{came}: {change}\n{told}", flush=True)
        tried = len(changes) - seen["no program"]
        share = 1 - seen["survived"] / tried
        print(f"{room}: {share:.1%} of {tried} noticed, {dict(seen)}", flush=True)
        return share


class Change:
    """One operator at one place of one module."""

    def __init__(self, path, line, operator, occurrence):
        self.path, self.line = path, line
        self.operator, self.occurrence = operator, occurrence

    def __str__(self):
        operator = self.operator.removeprefix("core/")
        return f"{self.path.name}:{self.line} {operator}:{self.occurrence}"

    def place(self, copy):
        """Return the module, as noted, and the lines of the statement."""
        module = self.path.relative_to(copy / "wsgi_apimetrics")
        return str(module), statement(self.path, self.line)

    @contextlib.contextmanager
    def made(self):
        """Have the module changed, and give the difference."""
        code = self.path.read_text()
        changed = mutate_code(code, plugins.get_operator(self.operator)(), self.occurrence)
        self.path.write_text(changed)
        try:
            lines = difflib.unified_diff(code.splitlines(), changed.splitlines(), n=1, lineterm="")
            yield "\n".join(list(lines)[2:])
        finally:
            self.path.write_text(code)

    def compiles(self):
        """Whether it is a program as it stands: what is none shows nothing about the tests."""
        try:
            compile(self.path.read_text(), str(self.path), "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True


def find(copy, room):
    """Yield the changes of a room, always in the same order.

    Annotations are left out: they are never evaluated.
    """
    for path in sorted((copy / "wsgi_apimetrics" / room).glob("*.py")):
        inert = annotations(path)
        tree = get_ast_from_path(path)
        for name in sorted(plugins.operator_names()):
            kind = plugins.get_operator(name)
            if kind.arguments():
                continue
            places = (at for node in ast_nodes(tree) for at in kind().mutation_positions(node))
            for occurrence, (start, _) in enumerate(places):
                if not any(first <= start < last for first, last in inert):
                    yield Change(path, start[0], name, occurrence)


def annotations(path):
    """Return the first and last places of all annotations, as (line, column)."""
    nodes = ast.walk(ast.parse(path.read_text()))
    parts = [getattr(node, name, None) for node in nodes for name in ("annotation", "returns")]
    return [
        ((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset))
        for part in parts
        if part is not None
    ]


def noted(copy, room):
    """Run a room's tests on what is unchanged: how long each takes, and what it runs."""
    notes = copy / "notes"
    watching = Watching(copy / "wsgi_apimetrics", notes)
    if _forked(copy, ROOMS[room], watching) != "survived":
        sys.exit(f"{(copy / 'output').read_text()}\nThis fails on what is unchanged.")
    return json.loads(notes.read_text())


def outcome(copy, notes, near, far):
    """Run a room's tests: failed, survived, or what they ran out of.

    Those that do not run the statement come last: what is remembered from one test to the next may
    hide who runs it, and what it says at import reaches every test.
    """
    nearest = set(near)
    for tests, wanted in (near, nearest.__contains__), (far, lambda test: test not in nearest):
        if tests:
            paths = dict.fromkeys(test.partition("::")[0] for test in tests)
            came = _forked(copy, paths, Ordering(tests, wanted, notes["seconds"]))
            if came != "survived":
                return came
    return "survived"


def _forked(copy, paths, plugin):
    with tempfile.TemporaryDirectory() as place:
        child = os.fork()
        if not child:
            code = 1
            try:
                code = _tests(copy, [*OPTIONS, "--basetemp", f"{place}/t", *paths], plugin)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        status = _status(child, copy / "output")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        if status is None:
            os.waitpid(child, 0)
            return "waited"
        if os.WIFSIGNALED(status):
            return "ran long" if os.WTERMSIG(status) == signal.SIGPROF else "failed"
        return "survived" if os.WEXITSTATUS(status) in {0, NO_TESTS} else "failed"


def _status(child, output):
    """Wait for the end, in naps, not by the clock; or until nothing is written any more."""
    naps = size = 0
    while naps < WAITED_SECONDS * 20:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.05)
        before, size = size, output.stat().st_size if output.exists() else 0
        naps = naps + 1 if size == before else 0
    return None


def _last_line(copy):
    lines = (copy / "output").read_text(errors="replace").splitlines()
    return next((line for line in lines if line.startswith(("FAILED", "ERROR"))), "")


def _tests(copy, arguments, plugin):
    os.setsid()
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.path.insert(0, str(copy))  # what is installed is the checkout itself
    with (copy / "output").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    code = importlib.import_module("pytest").main(arguments, [plugin])
    package = sys.modules.get("wsgi_apimetrics")
    if package is not None and not str(package.__file__).startswith(str(copy)):
        return 3
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
