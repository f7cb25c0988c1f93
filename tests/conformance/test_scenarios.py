"""The referee: for each scenario, the rows that Moodle's own code changed, and no others.

A scenario is a folder with a command file, `run.json`, and `expected.json`, made by real Moodle; `tests/conformance/README.md` says more.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.conformance import rowdiff
from tests.conftest import ROOT
from tests.support.site import Site

SCENARIOS = {
    folder.name: folder
    for root in (ROOT.parent / "shared/conformance/scenarios", ROOT / "tests/conformance")
    if root.is_dir()
    for folder in sorted(root.iterdir())
    if (folder / "run.json").exists()
}

# One reads the site and changes nothing, the other does what Moodle can't; they have tests of their own.
WITHOUT_REFEREE = {"toolsync_make_command_file", "toolsync_courses_restore"}


def runnable(name: str) -> bool:
    return (ROOT / "dags" / f"{json.loads((SCENARIOS[name] / 'run.json').read_text())['dag']}.py").exists()


def test_the_scenarios_of_every_dag_are_there():
    dags = {json.loads((folder / "run.json").read_text())["dag"] for folder in SCENARIOS.values()}
    assert {path.stem for path in (ROOT / "dags").glob("toolsync_*.py")} - dags == WITHOUT_REFEREE


@pytest.mark.parametrize("name", [name for name in sorted(SCENARIOS) if runnable(name)])
def test_what_the_file_changes_is_what_moodle_changes(name: str, site: Site, pristine: Site, airflow: None):
    folder = SCENARIOS[name]
    run = json.loads((folder / "run.json").read_text())
    if before := run.get("before"):
        prepare(site, folder / before)
    since = int(time.time())
    file = next((path for path in folder.iterdir() if path.stem == "command"), None)
    result = site.run(run["dag"], file, approve="yes", **run["params"])
    assert result["state"] == "success", result
    assert difference(site, pristine, folder, since) == []


def prepare(site: Site, path: Path) -> None:
    """Put rows into the site that it does not have yet."""
    for statement in re.split(r";$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if statement.strip():
            site.rows(statement)


def difference(site: Site, pristine: Site, folder: Path, since: int) -> list[str]:
    connection = site.connect()
    try:
        actual = rowdiff.Differ(connection, pristine.database, site.database, since).changes()
    finally:
        connection.close()
    tolerated = folder / "tolerate.json"
    return rowdiff.compare(
        json.loads((folder / "expected.json").read_text()),
        json.loads(json.dumps(actual)),
        json.loads(tolerated.read_text()) if tolerated.exists() else {},
    )
