"""readme-metrics 3.4.0 and this package side by side: the same app, options and calls.

Both send to a server on loopback. What differs must be in ``readme_differences.py``, and what
is there must differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from har_schema import check_log
from readme_calls import CALLS
from readme_differences import BROKEN_BY_THEM, COUNTS, DIFFERENCES
from servers import http_server

DRIVER = Path(__file__).with_name("readme_calls.py")
MIGRATION = Path(__file__).parents[2] / "docs" / "migration" / "readme.rst"
NAMES = [call.name for call in CALLS]


def drive(package):
    """Return what the client saw by call, and the logs by call."""
    with http_server() as server:
        command = [sys.executable, str(DRIVER), package, server.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        logs = [log for got in server.got for log in json.loads(got.body)]
    by_call: dict[str, list[Any]] = {name: [] for name in NAMES}
    for log in logs:
        (entry,) = log["request"]["log"]["entries"]
        headers = {pair["name"].lower(): pair["value"] for pair in entry["request"]["headers"]}
        by_call[headers["x-call"]].append(log)
    return json.loads(done.stdout), by_call


@pytest.fixture(scope="module")
def theirs():
    return drive("theirs")


@pytest.fixture(scope="module")
def ours():
    return drive("ours")


def fields_of(log):
    """Return a log's fields by their paths, without what differs from run to run."""
    log = json.loads(json.dumps(log).replace(log["_id"], "ID"))
    (entry,) = log["request"]["log"]["entries"]
    assert isinstance(entry.pop("time"), int)
    log["request"]["log"]["entries"] = entry
    fields: dict[str, Any] = {}
    _flatten(log, "", fields)
    return fields


def _flatten(value, path, fields):
    if isinstance(value, dict) and not path.endswith(("cache", "timings")):
        for name, inner in value.items():
            _flatten(inner, f"{path}.{name}" if path else name, fields)
    elif path.endswith("text") and isinstance(value, str):
        fields[path] = _as_json(value)
    else:
        fields[path] = value


def _as_json(text):
    """Spaces in a JSON text make no difference."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def counts_of(name):
    return next((calls[name] for calls in COUNTS.values() if name in calls), (1, 1))


@pytest.mark.parametrize("name", NAMES)
def test_as_many_logs_as_expected(theirs, ours, name):
    """One log for each exchange, with the listed exceptions; ours are valid."""
    assert (len(theirs[1][name]), len(ours[1][name])) == counts_of(name)
    for log in ours[1][name]:
        check_log(log)


@pytest.mark.parametrize("name", [name for name in NAMES if all(counts_of(name))])
def test_only_the_listed_fields_differ(theirs, ours, name):
    """Equal where theirs is right; where it is not, listed and explained."""
    left, right = fields_of(theirs[1][name][0]), fields_of(ours[1][name][0])
    differing = {field for field in {*left, *right} if left.get(field) != right.get(field)}
    listed = {
        field
        for difference in DIFFERENCES
        if not difference.calls or name in difference.calls
        for field in difference.fields
    }
    assert differing == listed, {f: (left.get(f), right.get(f)) for f in differing ^ listed}


@pytest.mark.parametrize("name", NAMES)
def test_the_client_sees_the_app(theirs, ours, name):
    """Ours never shows but by the link that was asked for; theirs raises into the server."""
    left, right = theirs[0][name], dict(ours[0][name])
    link = right.pop("link", None)
    left.pop("link", None)
    if name in BROKEN_BY_THEM:
        assert left["error"] == BROKEN_BY_THEM[name]
        assert "error" not in right
    else:
        assert left == right
    logs = ours[1][name]
    if logs and link is not None:
        assert link == f"https://docs.example.com/logs/{logs[0]['_id']}"


def test_the_migration_page_tells_every_difference():
    """The table of the tests is the table of the docs."""
    told = " ".join(MIGRATION.read_text(encoding="utf-8").replace("``", "").split())
    reasons = [*(difference.why for difference in DIFFERENCES), *COUNTS]
    missing = [why for why in reasons if why.lower().rstrip(".") not in told.lower()]
    assert not missing
