"""The day's work in a whole Airflow: runs of other DAGs, waited for without a worker, once each however often a task is cleared."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live.airflow import LiveAirflow
from tests.support.site import Site
from toolsync.operators.day import STEPS
from toolsync.settings import ROOT, settings

DAG_ID = "toolsync_all"
PEOPLE = "username,firstname,lastname,email\nday1,Day,One,day1@example.org\n"


def test_the_day(airflow_with: Callable[..., LiveAirflow], site: Site):
    dags = [ROOT / f"dags/toolsync_{name}.py" for name in ("all", *STEPS)]
    live = airflow_with(*dags, schedules=dict.fromkeys(settings()["schedules"]), retries=0)
    live.unpause(*(dag.stem for dag in dags if dag.stem != "toolsync_groups"))
    live.drop("users", "people.csv", PEOPLE)
    live.drop("enrolments", "enrol.csv", "nonsense\n1\n")
    live.drop("groups", "groups.csv", "cmd,courseid,name,idnumber\nadd,C101,Day group,DAYG\n")
    live.drop("group_members", "members.csv", "cmd,courseid,groupid,userid\nadd,C101,DAYG,u023\n")
    run_id = live.trigger(DAG_ID)
    assert live.end_of(DAG_ID, run_id) == "failed"
    told = report(live)
    assert {name: told["types"][name]["state"] for name in STEPS} == {
        "courses": "nothing to do", "users": "done", "user_pictures": "nothing to do", "cohorts": "nothing to do", "enrolments": "failed",
        "groups": "paused", "group_members": "held up", "cohort_bindings": "nothing to do", "course_meta_links": "nothing to do",
    }  # fmt: skip
    [file] = told["types"]["users"]["files"]
    assert (file["file"], file["counts"]["created"]) == ("people.csv", 1)
    assert "not a header" in str(told["types"]["enrolments"]["files"])
    [child] = live.runs("toolsync_users")
    assert (child["run_type"], child["dag_run_id"]) == ("operator_triggered", f"toolsync_all__{run_id}")

    # Cleared: no second run, also when there are new files.
    live.drop("enrolments", "more.csv", "nonsense\n1\n")
    clear(live, run_id, "users", "enrolments")
    assert live.end_of(DAG_ID, run_id) == "failed"
    assert len(live.runs("toolsync_users")) == len(live.runs("toolsync_enrolments")) == 1
    assert (live.cabinet / "enrolments/inbox/more.csv").exists()

    # Somebody says that it is all right, and switches the other DAG on.
    live.unpause("toolsync_groups")
    live.call("PATCH", f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/enrolments", {"new_state": "success"})
    time.sleep(3)
    live.end_of(DAG_ID, run_id)  # Airflow has cleared the report
    clear(live, run_id, "groups")
    assert live.end_of(DAG_ID, run_id) == "success"
    assert {name: told["state"] for name, told in report(live)["types"].items() if told["state"] == "done"}.keys() == {
        "users", "enrolments", "groups", "group_members",
    }  # fmt: skip
    members = "SELECT COUNT(*) FROM {groups} g JOIN {groups_members} m ON m.groupid = g.id WHERE g.idnumber = 'DAYG'"
    assert site.value(members) == 1

    # A simulation, which changes nothing.
    (live.cabinet / "enrolments/inbox/more.csv").unlink()
    live.drop("users", "later.csv", PEOPLE.replace("day1", "day2"))
    assert live.end_of(DAG_ID, live.trigger(DAG_ID, simulate=True, types=["users"])) == "success"
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username IN ('day1', 'day2')") == 1
    assert report(live)["types"]["users"]["files"][0]["simulated"]


def report(live: LiveAirflow) -> dict[str, Any]:
    """The newest report of the day's work."""
    folder: Path = live.cabinet / "all/report"
    return json.loads(max(folder.glob("*.json"), key=lambda path: path.stat().st_mtime).read_text())


def clear(live: LiveAirflow, run_id: str, *tasks: str) -> None:
    """Clear tasks and what comes after them."""
    body = {
        "dry_run": False, "dag_run_id": run_id, "task_ids": list(tasks), "include_downstream": True, "only_failed": False,
    }  # fmt: skip
    live.call("POST", f"dags/{DAG_ID}/clearTaskInstances", body)
