"""`make scenario NAME=…`: run one scenario and show where the rows differ from those that Moodle wrote.

    python -m tests.conformance NAME [--keep]

Exit status: 0 no difference, 1 a difference or a failed run, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from tests.conformance.explained import explained  # noqa: E402
from tests.support import dag_runs  # noqa: E402

dag_runs.configure()  # before anything imports Airflow

from tests.support.scenarios import SCENARIOS, Scenario  # noqa: E402
from tests.support.server import populated_server  # noqa: E402
from tests.support.site import Site  # noqa: E402
from tools.mariadb import PrivateServer  # noqa: E402

FOLDER = ROOT / ".local/scenario"
SERVER = FOLDER / "server"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make scenario", description="Run one scenario.")
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--keep", action="store_true", help="leave the database server running")
    arguments = parser.parse_args()
    if arguments.name not in SCENARIOS:
        print(unknown(arguments.name), file=sys.stderr)
        return 2
    server = fresh_server()
    try:
        return run(SCENARIOS[arguments.name], server)
    finally:
        if arguments.keep:
            print(how_to_look(server))
        else:
            server.stop()


def unknown(name: str) -> str:
    """The message for a name that is no scenario."""
    near = [other for other in SCENARIOS if name in other]
    near += [other for other in get_close_matches(name, SCENARIOS, n=8, cutoff=0.5) if other not in near]
    what = f"There is no scenario {name!r}." if name else "Name a scenario: make scenario NAME=users-update."
    return "\n  ".join([f"{what} There are:", *sorted(near or SCENARIOS)])


def fresh_server() -> PrivateServer:
    """A server with the populated site, in place of the one of an earlier call."""
    PrivateServer(SERVER).stop()
    shutil.rmtree(FOLDER, ignore_errors=True)
    return populated_server(SERVER, die_with_parent=False)


def run(scenario: Scenario, server: PrivateServer) -> int:
    site, pristine = Site(server, "moodle"), Site(server, "pristine")
    (FOLDER / "moodledata").mkdir()
    os.environ["TOOLSYNC_CABINET"] = str(FOLDER / "cabinet")
    os.environ["AIRFLOW_CONN_MOODLE_DB"] = site.connection(dataroot=FOLDER / "moodledata")
    dag_runs.initialise()
    result = scenario.run(site)
    differences = scenario.differences(site, pristine)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result.get("counts", {}).items() if count)
    print(f"{scenario.name} ({scenario.folder})\n{scenario.dag_id}: {result['state']}: {counts}")
    if report := result.get("report"):
        print(f"Report: {report}")
    print("\n".join(explained(differences)) if differences else "Every row is as Moodle wrote it.")
    return 1 if differences or result["state"] != "success" else 0


def how_to_look(server: PrivateServer) -> str:
    """How to reach the server that is left running, and how to stop it."""
    folder = server.directory.relative_to(ROOT)
    return (
        f"The database server is running. `moodle` is the site after the run, `pristine` before it:\n"
        f"  {server.programs.client} --defaults-file={folder}/admin.cnf moodle\n"
        f"Stop it:\n"
        f"  .venv/bin/python tools/mariadb.py stop {folder}"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(dag_runs.HOME)
