"""The day's work: which types run, what keeps one from running, that no run is started twice, and what the report says. Airflow itself: tests/live."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException, TaskDeferred
from pendulum import datetime

from toolsync.cabinet.claims import RUN_PID, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.base import MESSAGE, Failure
from toolsync.operators.day import BEGIN, OUTCOME, STEPS, BeginOperator, RunTypeOperator, all_needs
from toolsync.operators.day_report import DayReportOperator
from toolsync.reporting.verdict import VERDICT, Verdict, note_of

RUN = "manual__2026-11-28T05:00:00+00:00"
CHILD = f"toolsync_all__{RUN}"
COUNTS = {"created": 2, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 1, "incomplete": 0}


class Airflow:
    """What a task of the day's work asks of Airflow.

    :ivar states: of the tasks, by name.
    :ivar runs: the runs that other DAGs have.
    :ivar paused: the DAGs that are paused.
    :ivar collected: what `collect` of the child run returned.
    """

    def __init__(self) -> None:
        params = {"simulate": Param(False, type="boolean"), "types": Param(list(STEPS), type="array")}
        self.dag = DAG("toolsync_all", schedule=None, params=params)
        self.states: dict[str, str] = {BEGIN: "success"}
        self.runs: set[tuple[str, str]] = set()
        self.paused: set[str] = set()
        self.earlier = 0  # runs of each type that ended well
        self.collected: list[dict[str, Any]] = []
        self.xcoms: dict[tuple[str, str], Any] = {}
        self.params: dict[str, Any] = {"simulate": False, "types": list(STEPS)}

    def context(self, task: str) -> dict[str, Any]:
        def pull(task_ids: str, key: str = "return_value", dag_id: str | None = None, run_id: str | None = None) -> Any:
            return self.collected if dag_id else self.xcoms.get((task_ids, key))

        ti = SimpleNamespace(
            xcom_push=lambda key, value: self.xcoms.__setitem__((task, key), json.loads(json.dumps(value))),
            xcom_pull=pull,
            get_dr_count=lambda dag_id, run_ids=(), states=(): (
                self.earlier if states else len({(dag_id, run_id) for run_id in run_ids} & self.runs)
            ),
            get_dag=lambda dag_id: SimpleNamespace(is_paused=dag_id in self.paused),
            get_task_states=lambda dag_id, task_ids, run_ids: {
                RUN: {name: self.states[name] for name in task_ids if name in self.states}
            },
        )
        run = SimpleNamespace(
            run_type="manual", conf={}, clear_number=0, run_id=RUN, run_after=datetime(2026, 11, 28, 5, 0, 0, 123456)
        )
        return {"dag": self.dag, "dag_run": run, "run_id": RUN, "params": self.params, "ti": ti}

    def turn(self, file_type: str) -> dict[str, Any]:
        """Let a type have its turn.

        :return: what it told; `conf` when it started a run, and `waits` when it goes on waiting for one.
        """
        task = RunTypeOperator(task_id=file_type, file_type=file_type)
        try:
            task.execute(self.context(file_type))
        except AirflowSkipException:
            self.states[file_type] = "skipped"
            return self.xcoms[file_type, OUTCOME]
        except DagRunTriggerException as start:
            assert (start.trigger_dag_id, start.dag_run_id) == (f"toolsync_{file_type}", CHILD)
            assert start.deferrable and start.wait_for_completion and not start.reset_dag_run
            assert start.logical_date is None
            self.runs.add((start.trigger_dag_id, start.dag_run_id))
            return {"conf": start.conf}
        except TaskDeferred as waiting:
            assert waiting.timeout is None
            return {"waits": waiting.trigger.serialize()[1]["run_ids"]}
        raise AssertionError("it neither waits nor is skipped")

    def ends(self, file_type: str, state: str) -> dict[str, Any]:
        """Let the run of a type end, and its task hear of it."""
        try:
            RunTypeOperator(task_id=file_type, file_type=file_type).execute_complete(
                self.context(file_type), ("trigger", {CHILD: state})
            )
            self.states[file_type] = "success"
        except Failure:
            self.states[file_type] = "failed"
        return self.xcoms[file_type, OUTCOME]

    def report(self) -> dict[str, Any]:
        return DayReportOperator(task_id="report").execute(self.context("report"))


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    monkeypatch.delenv(RUN_PID, raising=False)
    return Airflow()


@pytest.fixture
def drop(day: Airflow) -> Callable[..., Cabinet]:
    def put(file_type: str, name: str = "file.csv", age: float = 60) -> Cabinet:
        cabinet = Cabinet(file_type)
        path = cabinet.folder("inbox") / name
        path.write_text("username\nada\n")
        os.utime(path, (time.time() - age,) * 2)
        return cabinet

    return put


def test_a_type_whose_inbox_is_gone_fails(day: Airflow, tmp_path: Path):
    """Its disk is not mounted: that nothing is there to be done would be told night after night."""
    day.earlier = 3
    with pytest.raises(Failure, match="its disk is not mounted"):
        day.turn("users")
    assert not (tmp_path / "cabinet/users").exists()


def test_what_needs_what():
    # The order of the report is one in which they can run.
    assert all(list(STEPS).index(other) < list(STEPS).index(name) for name in STEPS for other in ancestors(name))
    assert all_needs("users") == [] and all_needs("cohorts") == ["users"]
    assert all_needs("group_members") == ["courses", "users", "enrolments", "groups"]
    assert "courses" not in all_needs("user_pictures")


def ancestors(name: str) -> set[str]:
    direct = {*STEPS[name].needs, *STEPS[name].after}
    return direct.union(*(ancestors(other) for other in direct))


def test_a_type_is_looked_at_when_its_turn_comes_and_started_once(day: Airflow, drop):
    assert day.turn("users")["state"] == "nothing to do"
    drop("users")
    assert day.turn("users") == {"conf": {}}
    # A retry and a clear: whatever lies in the inbox now.
    drop("users", "later.csv")
    assert day.turn("users") == {"waits": [CHILD]}
    drop("users", "slow.csv", age=0)
    for name in ("file.csv", "later.csv"):
        (Cabinet("users").folder("inbox") / name).unlink()
    assert day.turn("users") == {"waits": [CHILD]}
    day.runs.clear()
    assert "slow.csv: it changed 0 s ago" in day.turn("users")["why"]


def test_a_simulation_says_so_to_each_type(day: Airflow, drop):
    day.params["simulate"] = True
    drop("users")
    assert day.turn("users") == {"conf": {"simulate": True}}


def test_a_failure_stops_what_needs_it_and_nothing_else(day: Airflow, drop):
    for file_type in STEPS:
        drop(file_type)
    assert day.turn("courses") == {"conf": {}}
    assert day.ends("courses", "failed")["state"] == "failed"
    assert day.turn("users") == {"conf": {}}
    assert day.ends("users", "success")["state"] == "done"
    assert day.turn("cohorts") == {"conf": {}}
    day.ends("cohorts", "success")
    held = day.turn("enrolments")
    assert held["state"] == "held up" and "because of courses (failed)" in held["why"]
    assert day.turn("groups")["state"] == "held up"
    assert "courses (failed), enrolments (held up), groups (held up)" in day.turn("group_members")["why"]
    # Somebody looked into it and says that courses is all right.
    day.states["courses"] = "success"
    assert day.turn("enrolments") == {"conf": {}}


def test_types_without_files_hold_nothing_up(day: Airflow, drop):
    drop("enrolments")
    day.params["types"] = ["courses", "enrolments"]
    assert day.turn("courses")["state"] == "nothing to do"
    assert day.turn("users")["state"] == "left out"
    assert day.turn("enrolments") == {"conf": {}}


def test_a_paused_dag_is_told_and_not_waited_for(day: Airflow, drop):
    day.paused.add("toolsync_users")
    assert day.turn("users")["state"] == "nothing to do"
    drop("users")
    drop("cohorts")
    told = day.turn("users")
    assert (
        told["state"] == "paused"
        and "toolsync_users is paused: switch it on, or take the files out of the inbox" in told["why"]
    )
    assert "users (paused)" in day.turn("cohorts")["why"]


def test_a_task_that_died_counts_as_failed(day: Airflow, drop):
    drop("user_pictures")
    day.states["users"] = "failed"
    assert "users (failed)" in day.turn("user_pictures")["why"]
    day.states = {BEGIN: "failed", "users": "success"}
    assert "begin (failed)" in day.turn("user_pictures")["why"]


def test_by_hand_it_does_nothing(day: Airflow, monkeypatch: pytest.MonkeyPatch):
    BeginOperator(task_id=BEGIN).execute(day.context(BEGIN))
    monkeypatch.setenv(RUN_PID, str(os.getpid()))
    with pytest.raises(Failure, match="which only an Airflow with a scheduler can do. Nothing was done."):
        BeginOperator(task_id=BEGIN).execute(day.context(BEGIN))


def test_the_report_names_each_file_and_what_was_not_run(day: Airflow, drop):
    cabinet = drop("users", "people.csv")
    owner, options = Owner(CHILD, "here", None), {"simulate": False, "encoding": "utf-8"}
    done, left = (
        cabinet.claim("people.csv", owner, options),
        drop("users", "left.csv").claim("left.csv", owner, options),
    )
    assert done and left
    result = {
        "file": "people.csv", "claim": done.id, "simulated": False, "counts": COUNTS, "unit": "line", "rejected": [], "report": "somewhere/people_report.txt", "tryback": None,
    }  # fmt: skip
    with cabinet.writing("report", done.report_name(".json")) as (stream, _):
        stream.write(json.dumps(result).encode())
    day.collected = [
        {"id": claim.id, "name": claim.name, "options": options, "dropped_as": None} for claim in (done, left)
    ]
    day.runs.add(("toolsync_users", CHILD))
    day.ends("users", "failed")
    drop("cohorts")
    for file_type in STEPS:
        if file_type != "users":
            day.turn(file_type)
    for _ in range(2):  # cleared, it writes the same files again
        with pytest.raises(Failure, match=r"Failed: users\. Report: "):
            day.report()
    folder = Path(os.environ["TOOLSYNC_CABINET"]) / "all/report"
    text, page = sorted(folder.iterdir(), reverse=True)
    assert text.name.startswith("all_20261128-050000-123456-") and text.suffix == ".txt"
    lines = text.read_text().splitlines()
    assert lines[1].startswith(f"toolsync_all, run {RUN}, Tool Sync ")
    at = lines.index("users: failed.")
    assert lines[at + 1 : at + 3] == [
        "  people.csv: 3 lines, 2 created, 1 failed. Report: somewhere/people_report.txt",
        "  left.csv: not finished, and still in the folder work.",
    ]
    assert "cohorts: held up. 1 file waits in" in text.read_text() and "because of users (failed)." in text.read_text()
    told = json.loads(page.read_text())
    types = told["types"]
    assert told["counts"] == COUNTS and told["run_id"] == RUN
    assert list(types) == list(STEPS)
    assert types["users"]["files"][0]["counts"] == COUNTS and types["groups"]["state"] == "nothing to do"
    note = note_of([Verdict(**day.xcoms["report", VERDICT])], [day.xcoms["report", MESSAGE]], failed=True)
    assert note == "The day's work: failed: users; held up: cohorts"


def test_a_run_that_did_not_begin_has_no_report(day: Airflow):
    """Late, it is skipped; with wrong Params, it must not be green."""
    for file_type in STEPS:
        day.turn(file_type)
    day.states[BEGIN] = "skipped"
    with pytest.raises(AirflowSkipException, match="begin ended as skipped"):
        day.report()
    day.states[BEGIN] = "failed"
    with pytest.raises(Failure, match="begin ended as failed; its log says why. Nothing was done."):
        day.report()
    assert not (Path(os.environ["TOOLSYNC_CABINET"]) / "all").exists()


def test_the_report_of_a_simulation_warns_of_what_it_could_not_see(day: Airflow):
    day.params["simulate"] = True
    for file_type in STEPS:
        day.turn(file_type)
    path = day.report()["report"]
    assert "No file saw what the files of the types before it would have made" in Path(path).read_text()
