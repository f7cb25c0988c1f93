"""The referee: for each scenario, the rows that Moodle's own code changed, and no others. No other row is locked either, and none before the first write.
Undone, nothing is left of it.

A scenario is a folder with a command file, `run.json`, and `expected.json`, made by real Moodle; `tests/conformance/README.md` says more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tests.support.locks import locks_watched
from tests.support.samples import EVERYTHING
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from tests.support.undo import differing, state_of
from toolsync.running import chunks
from toolsync.settings import ROOT

# They read the site and change nothing, or do what Moodle can't; they have tests of their own.
WITHOUT_REFEREE = {
    "toolsync_make_command_file",
    "toolsync_export",
    "toolsync_feeds",
    "toolsync_courses_restore",
    "toolsync_undo",
    "toolsync_all",
    "toolsync_cabinet_cleanup",
    "toolsync_check",
    "toolsync_history",
}


def test_the_scenarios_of_every_dag_are_there():
    dags = {scenario.dag_id for scenario in SCENARIOS.values()}
    assert {path.stem for path in (ROOT / "dags").glob("toolsync_*.py")} - dags == WITHOUT_REFEREE


def _each() -> Iterator[Any]:
    """The scenarios; Airflow itself runs the first one of each DAG."""
    dags = set()
    for name, scenario in sorted(SCENARIOS.items()):
        yield pytest.param(name, marks=() if scenario.dag_id in dags else pytest.mark.in_airflow)
        dags.add(scenario.dag_id)


@pytest.mark.parametrize("name", _each())
def test_what_the_file_changes_is_what_moodle_changes_and_undone_nothing_is_other_than_before(
    name: str, site: Site, pristine: Site, airflow: None
):
    scenario, is_undone = SCENARIOS[name], EVERYTHING or crc32(name.encode()) % 6 == 0
    scenario.prepare(site)
    before = state_of(site) if is_undone else {}
    with locks_watched(site) as locked:
        result = scenario.run_file(site)
    assert result["state"] == "success", result
    assert scenario.differences(site, pristine) == []
    assert locked == []
    if is_undone and differing(site, before):
        site.in_airflow = False  # what Airflow itself has to run is the scenario
        undone = site.run("toolsync_undo", approve="yes", runs=[result["claim"]])
        assert undone["state"] == "success", undone
        assert "answer" not in undone["attachments"], Path(undone["attachments"]["answer"]).read_text()
        assert differing(site, before) == set(), undone


CUT = (
    "courses-from-template",
    "courses-template-structure",
    "courses-template-add",
    "cohort-bindings-add",
    "users-create-full",
)


@pytest.mark.parametrize("name", CUT)
def test_in_the_smallest_chunks_the_same_is_changed(
    name: str, site: Site, pristine: Site, airflow: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(chunks, "ALL_AT_ONCE", 1)
    monkeypatch.setattr(chunks, "AIM", 0.0)
    assert SCENARIOS[name].run(site)["state"] == "success"
    assert SCENARIOS[name].differences(site, pristine) == []
