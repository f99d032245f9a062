"""Which tests run what, and how long each takes: what ``mutation.py`` orders them by.

As pytest plugins: ``Watching`` once, on what is unchanged; ``Ordering`` for each change.
"""

from __future__ import annotations

import ast
import json
import signal

import coverage


class Watching:
    """Notes of each test how long it takes and which lines of the package it runs."""

    def __init__(self, package, notes):
        self._package, self._notes = package, notes
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[f"{package}/*"]
        )
        self._seconds = {}

    def pytest_sessionstart(self):
        """Begin before anything of the package is imported."""
        self._coverage.start()

    def pytest_runtest_logstart(self, nodeid):
        """Note what runs from now on for this test."""
        self._coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report):
        """Add up what its parts take."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration

    def pytest_sessionfinish(self):
        """Write it down: seconds by test, and by module and line the tests that run it."""
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            path.removeprefix(f"{self._package}/"): data.contexts_by_lineno(path)
            for path in data.measured_files()
        }
        self._notes.write_text(json.dumps({"seconds": self._seconds, "lines": lines}))


class Ordering:
    """Takes the tests that are wanted, in an order.

    A test that takes many times as long as it did is ended by a signal, and the process with it:
    by processor time, as a machine that stands still for a while is no hanging test.
    """

    def __init__(self, tests, wanted, seconds):
        self._ranks = {test: rank for rank, test in enumerate(tests)}
        self._wanted, self._seconds = wanted, seconds

    def pytest_sessionstart(self):
        """Allow it time to import."""
        signal.setitimer(signal.ITIMER_PROF, 30)

    def pytest_collection_modifyitems(self, items):
        """Order them; a name that the change gave rise to comes last."""
        items[:] = [item for item in items if self._wanted(item.nodeid)]
        items.sort(key=lambda item: self._ranks.get(item.nodeid, len(self._ranks)))

    def pytest_runtest_logstart(self, nodeid):
        """Allow it ten times what it took."""
        signal.setitimer(signal.ITIMER_PROF, 5 + 10 * self._seconds.get(nodeid, 1))


def ranked(notes, module, lines):
    """Return the tests that run one of the lines, and then the others; first the quick ones.

    Of the others those come first that run anything of the module.
    """
    seconds = notes["seconds"]
    by_line = notes["lines"].get(module, {})
    nearest = {test for line in lines for test in by_line.get(str(line), ())} & seconds.keys()
    near = {test for tests in by_line.values() for test in tests}
    others = sorted(seconds.keys() - nearest, key=lambda test: (test not in near, seconds[test]))
    return sorted(nearest, key=seconds.get), others


def statement(path, line):
    """Return the lines of the innermost statement at a line; with a body, those before that."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.stmt)]
    spans = [(node.lineno, _head_end(node)) for node in nodes]
    around = [(first, last) for first, last in spans if first <= line <= last]
    first, last = min(around, key=lambda span: span[1] - span[0], default=(line, line))
    return range(first, last + 1)


def _head_end(node):
    body = getattr(node, "body", None)
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno
