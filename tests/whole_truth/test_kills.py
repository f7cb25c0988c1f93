"""Killed anywhere, a whole export is finished by the next run: what was planned goes once, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import killed
from tests.support.faults import deadlock
from tests.support.samples import sample
from tests.support.site import Site
from tests.support.whole_truth import KINDS, run
from toolsync.cabinet.data_sets import DataSet
from toolsync.cabinet.folders import Cabinet
from toolsync.running.execution import Execution
from toolsync.running.whole_truth import WholeTruthRun

pytestmark = pytest.mark.usefixtures("airflow")
PARAMS = json.dumps({"mode": "full", "change_threshold": None})
COMMIT = "toolsync.moodle.session:MoodleSession.commit"
PLANNING = "toolsync.running.whole_truth:WholeTruthRun._keep"
MOMENTS: list[tuple[str, str, dict[str, Any]]] = [
    (PLANNING, "after", {}),
    (COMMIT, "before", {"calls": 3}),  # the first batch of what is missing
    (COMMIT, "after", {"calls": 3}),
    (COMMIT, "after", {"calls": 4}),
    ("toolsync.running.ledger:Ledger.confirm", "before", {"calls": 5}),
    ("toolsync.operators.archive:write_report", "after", {}),
]


@pytest.mark.parametrize(("where", "when", "numbers"), sample(MOMENTS, 2))
def test_after_a_kill_the_next_run_finishes(site: Site, tmp_path: Path, where: str, when: str, numbers: dict[str, Any]):
    kind, file = KINDS["cohorts"], tmp_path / "members.csv"
    before = kind.of(site)
    members = sorted(thing for thing in before if thing[0] == "COH1")
    file.write_text(kind.file(members[:4]))
    killed(where, when, "toolsync_cohorts", file, "--params", PARAMS, batch_lines=2, **numbers)
    # Meanwhile somebody comes into the scope: until the plan is made, that is in it.
    site.rows(
        "INSERT INTO {cohort_members} (cohortid, userid, timeadded) SELECT c.id, u.id, 7 FROM {cohort} c JOIN {user} u ON u.username = 'u050' WHERE c.idnumber = 'COH1'"
    )
    assert site.run("toolsync_cohorts")["state"] == "success"
    [measure] = Cabinet("cohorts").folder("data_sets").iterdir()
    known = DataSet(Cabinet("cohorts"), measure.name).state()
    assert known and known.lines == 4
    stays = set() if where == PLANNING else {("COH1", "u050")}
    assert kind.of(site) == before - set(members[4:]) | stays
    [report] = Cabinet("cohorts").folder("report").glob("*.json")
    counts = json.loads(report.read_text())["counts"]
    assert (counts["unchanged"], counts["deleted"], counts["failed"]) == (4, len(members) - 4 + (not stays), 0)
    assert not list(Cabinet("cohorts").folder("work").iterdir())
    assert site.value("SELECT COUNT(*) FROM {cache_flags} WHERE flagtype = 'toolsync'") == 0


def test_a_batch_of_what_is_missing_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch):
    made = WholeTruthRun._execution
    struck: list[int] = []

    def of_conflicts(run: WholeTruthRun, names: Any) -> Execution:
        execution = made(run, names)
        apply = execution.run

        def strike_once(lines: Any, **kwargs: Any) -> Any:
            outcomes = apply(lines, **kwargs)
            if not run.rehearsal and not struck:
                struck.append(len(lines))
                deadlock(execution.session)
            return outcomes

        monkeypatch.setattr(execution, "run", strike_once)
        return execution

    monkeypatch.setattr(WholeTruthRun, "_execution", of_conflicts)
    kind = KINDS["enrolments"]
    before = sorted(thing for thing in kind.of(site) if thing[0] == "C101")
    result = run(site, "enrolments", kind.file(before[5:]), change_threshold=None)
    assert len(struck) == 1 and result["took"]["retries"] == 1
    assert (result["state"], result["counts"]["deleted"], result["counts"]["failed"]) == ("success", 5, 0)
    assert {thing for thing in kind.of(site) if thing[0] == "C101"} == set(before[5:])
