"""Which changes to capture and redaction does no test notice? ``make mutation``.

Runs cosmic-ray on a copy of the project, room by room, each with the tests of its own.
``--sample 100`` takes that many changes of each room at random, ``--seed`` which; all of them
take hours. Survivors are shown as differences.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {
    "capture": "tests/capture tests/zoo tests/middleware tests/frameworks/test_route.py",
    "redaction": "tests/redaction",
}
CONFIG = """
[cosmic-ray]
module-path = "wsgi_apimetrics/{room}"
timeout = 180.0
excluded-modules = []
test-command = "{python} -m pytest -x -q -p no:randomly -p no:cacheprovider -m 'not slow' {tests}"

[cosmic-ray.distributor]
name = "local"
"""


def main():
    """Measure the rooms that are named, else all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=[], help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, help="so many changes of each room")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("seed", given.seed)
    shares = [measure(room, given.sample, given.seed) for room in given.rooms or ROOMS]
    return 0 if all(share >= 0.9 for share in shares) else 1


def measure(room, sample, seed):
    """Try the changes of one room and return the share that was noticed."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "project")
        skipped = shutil.ignore_patterns(".*", "build", "dist", "_build", "*.egg-info")
        shutil.copytree(ROOT, copy, ignore=skipped)
        config = CONFIG.format(room=room, python=sys.executable, tests=ROOMS[room])
        (copy / "mutation.toml").write_text(config)
        session = copy / "session.sqlite"
        _ray(copy, "init", "mutation.toml", session.name)
        if sample is not None:
            keep(session, sample, seed)
        _ray(copy, "exec", "mutation.toml", session.name)
        return report(room, session)


def _ray(place, *arguments):
    # The copy comes first: what is installed is the checkout itself.
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": "."}
    subprocess.run(
        [Path(sys.executable).with_name("cosmic-ray"), *arguments],
        cwd=place, check=True, env=environment,
    )  # fmt: skip


def keep(session, sample, seed):
    """Keep a random ``sample`` of the changes that are to be tried."""
    with sqlite3.connect(session) as database:
        jobs = [job for (job,) in database.execute("SELECT job_id FROM work_items ORDER BY 1")]
        specs = dict(
            database.execute(
                "SELECT job_id, module_path || start_pos_row || ':' || start_pos_col ||"
                " operator_name || occurrence FROM mutation_specs"
            )
        )
        jobs.sort(key=specs.get)  # ids are random, what they stand for is not
        kept = set(random.Random(seed).sample(jobs, min(sample, len(jobs))))
        for job in set(jobs) - kept:
            database.execute("DELETE FROM mutation_specs WHERE job_id = ?", (job,))
            database.execute("DELETE FROM work_items WHERE job_id = ?", (job,))


def report(room, session):
    """Print the survivors and the share that was noticed."""
    with sqlite3.connect(session) as database:
        results = database.execute("SELECT test_outcome, diff FROM work_results").fetchall()
    survivors = [diff for outcome, diff in results if "surviv" in str(outcome).lower()]
    for diff in survivors:
        print(diff, end="\n\n")
    share = 1 - len(survivors) / len(results)
    print(f"{room}: {len(results) - len(survivors)} of {len(results)} noticed, {share:.0%}")
    return share


if __name__ == "__main__":
    sys.exit(main())
