"""How the runs of a package are started and waited for in Airflow: one of each type, whatever is tried again or cleared. The whole of it: tests/live."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import DagRunTriggerException, TaskDeferred

from toolsync.cabinet.claims import RUN_PID, Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import claim_upload, put_back, upload_of, uploads
from toolsync.operators.base import Failure
from toolsync.operators.package_runs import ExecutePackageOperator, made_name
from toolsync.reporting.pieces import EXECUTED, VALIDATED
from toolsync.reporting.verdict import MESSAGE

COUNTS = {"created": 1, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 0, "incomplete": 0}
TYPES = ("courses", "users", "enrolments")


class Airflow:
    """What the task asks of Airflow, with a package of three command files.

    :ivar runs: the runs that other DAGs have.
    :ivar collected: what `collect` of each took.
    """

    def __init__(self) -> None:
        self.cabinet = Cabinet("feeds")
        self.claim = self.cabinet.new_claim(
            "nightly.zip", Owner("run 1", "here", None), {"simulate": False, "part": False}
        )
        self.cabinet.files.write(self.cabinet.input(self.claim), b"zip")
        made = [
            {"type": name, "name": f"{name}.csv", "lines": 1, "params": {"user_id_field": "idnumber"}} for name in TYPES
        ]
        for name in TYPES:
            with self.cabinet.writing_beside(self.claim, made_name(name)) as stream:
                stream.write(b"username\nada\n")
        self.cabinet.save(self.claim, VALIDATED, {"made": made, "lines": 3, "failed": 0, "summary": "", "notes": []})
        self.runs: set[tuple[str, str]] = set()
        self.paused: set[str] = set()
        self.collected: dict[str, list[dict[str, Any]]] = {}
        self.said: dict[str, Any] = {}

    def context(self) -> dict[str, Any]:
        ti = SimpleNamespace(
            xcom_push=lambda key, value: self.said.update({key: value}),
            xcom_pull=lambda task_ids, dag_id, run_id: self.collected.get(run_id),
            get_dr_count=lambda dag_id, run_ids: len({(dag_id, run_id) for run_id in run_ids} & self.runs),
            get_dag=lambda dag_id: SimpleNamespace(is_paused=dag_id in self.paused),
        )
        return {"run_id": "run 1", "params": {}, "ti": ti}

    def told(self, what: Any, *given: Any) -> tuple[str, Any]:
        """What the task does when it is run: `start`s a run, `wait`s for one, `fail`s, or is `done`."""
        task = ExecutePackageOperator(task_id="execute", file_type="feeds", claim=asdict(self.claim))
        try:
            return "done", getattr(task, what)(self.context(), *given)
        except DagRunTriggerException as start:
            self.runs.add((start.trigger_dag_id, start.dag_run_id))
            return "start", (start.trigger_dag_id, start.dag_run_id, start.conf)
        except TaskDeferred as waiting:
            return "wait", waiting.trigger.serialize()[1]["run_ids"]
        except Failure:
            return "fail", self.said[MESSAGE]

    def run(self) -> tuple[str, Any]:
        return self.told("execute")

    def ends(self, run_id: str, state: str = "success") -> tuple[str, Any]:
        return self.told("execute_complete", ("trigger", {run_id: state}))

    def take(self, file_type: str, run_id: str, **result: Any) -> tuple[Cabinet, Claim]:
        """Let a run of a type take its upload, and end it if there is a result."""
        cabinet = Cabinet(file_type)
        [upload] = uploads(cabinet)
        claim = claim_upload(cabinet, upload.id, Owner(run_id, "here", None), {"simulate": False})
        self.collected[run_id] = [asdict(claim)]
        if result:
            self.report(cabinet, claim, **result)
        return cabinet, claim

    def report(self, cabinet: Cabinet, claim: Claim, **result: Any) -> None:
        page = {
            "file": claim.name, "claim": claim.id, "simulated": False, "counts": COUNTS, "unit": "line", "rejected": [], "report": "r.txt", "lines": "l.csv", **result,
        }  # fmt: skip
        with cabinet.writing("report", claim.report_name(".json")) as (stream, _):
            stream.write(json.dumps(page).encode())


@pytest.fixture
def airflow_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    monkeypatch.delenv(RUN_PID, raising=False)
    return Airflow()


def test_types_run_one_after_the_other_each_once(airflow_says: Airflow):
    says = airflow_says
    started = says.run()
    for number, name in enumerate(TYPES):
        what, (dag_id, run_id, conf) = started
        assert (what, dag_id, run_id) == ("start", f"toolsync_{name}", f"toolsync_feeds__{says.claim.id}__{number}")
        [upload] = uploads(Cabinet(name))
        plain = {} if name == "courses" else {"mode": "lines"}  # whatever the settings have by default
        said = {"user_id_field": "idnumber", "delimiter": ",", "encoding": "utf-8", "upload": upload.id}
        assert conf == said | plain
        assert upload.name == f"nightly_{name}.csv"
        assert says.run() == says.run() == ("wait", [run_id]), "tried again, or cleared"
        says.take(name, run_id, rejected=[])
        started = says.ends(run_id)
    assert started == ("done", {"counts": {**COUNTS, "created": 3}, "stale": [], "simulated": False})
    assert says.run() == started and len(says.runs) == 3
    assert [each["state"] for each in says.cabinet.saved(says.claim, EXECUTED)["types"]] == ["done"] * 3


def test_what_a_rejected_file_holds_up(airflow_says: Airflow):
    _, (_, run_id, _) = airflow_says.run()
    airflow_says.take("courses", run_id, rejected=["unknown column"])
    what, (dag_id, run_id, _) = airflow_says.ends(run_id, "failed")
    assert (what, dag_id) == ("start", "toolsync_users"), "it needs no courses"
    airflow_says.take("users", run_id, rejected=[])
    assert airflow_says.ends(run_id)[0] == "done"
    types = airflow_says.cabinet.saved(airflow_says.claim, EXECUTED)["types"]
    assert [each["state"] for each in types] == ["failed", "done", "held up"]
    assert types[2]["why"] == "Not run, because of courses (failed)." and not uploads(Cabinet("enrolments"))


def test_a_paused_dag_is_told_before_anything_is_started(airflow_says: Airflow):
    airflow_says.paused.add("toolsync_enrolments")
    what, why = airflow_says.run()
    assert what == "fail" and why.startswith("Paused: toolsync_enrolments.") and not airflow_says.runs
    airflow_says.paused.clear()
    assert airflow_says.run()[0] == "start"


def test_a_run_that_took_nothing_gets_another_one_that_took_it_never(airflow_says: Airflow):
    _, (_, first, _) = airflow_says.run()
    what, why = airflow_says.ends(first, "failed")
    assert what == "fail" and "was not done to its end. It has not taken the upload " in why
    what, (_, second, conf) = airflow_says.run()
    assert (what, second) == ("start", f"{first}__2")
    # It dies with the file in its work folder.
    cabinet, claim = airflow_says.take("courses", second)
    assert "nightly_courses.csv: not finished" in airflow_says.ends(second, "failed")[1]
    assert airflow_says.run() == ("wait", [second]), "cleared: it waits for the same run, whoever ends it"
    airflow_says.report(cabinet, claim)
    assert airflow_says.ends(second, "failed")[0] == "start"


def test_an_upload_that_a_run_has_put_back_is_tried_again(airflow_says: Airflow):
    _, (_, first, conf) = airflow_says.run()
    cabinet, claim = airflow_says.take("courses", first, unfit="The site is in maintenance.")
    put_back(cabinet, claim)
    assert "The site is in maintenance." in airflow_says.ends(first, "failed")[1]
    what, (_, second, again) = airflow_says.run()
    assert (what, second, again) == ("start", f"{first}__2", conf) and upload_of(cabinet, conf["upload"])


def test_a_file_that_is_not_approved_waits_among_the_uploads(airflow_says: Airflow):
    _, (_, first, conf) = airflow_says.run()
    cabinet, claim = airflow_says.take("courses", first, refused=True)
    put_back(cabinet, claim)
    assert airflow_says.ends(first)[0] == "start"
    assert airflow_says.run()[0] == "wait"
    record = airflow_says.cabinet.saved(airflow_says.claim, "begun-00.json")
    assert (record["state"], record["why"]) == (
        "not approved",
        f"It waits among the uploads of toolsync_courses, as {conf['upload']}.",
    )
