"""Runs as Airflow has them: begun, watched, asked about and answered, from the page."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.desk import Desk
from tests.support.object_store import ObjectStore
from tests.support.site import Site
from toolsync.cabinet import uploads
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.desk import runs
from toolsync.desk.access import dag_of
from toolsync.desk.models import Trigger
from toolsync.running import progress

DAG = "toolsync_courses_delete"
FILE = b"shortname\nC106\nC107\nNOWHERE\n"
SAMPLE = Path(__file__).parents[2] / "include/samples/users.csv"


def got(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ask(context: Any, subject: str) -> None:
    """What Airflow's operator writes when it asks a person."""
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(
            HITLDetail(
                ti_id=context["ti"].id,
                options=["Approve", "Reject"],
                subject=subject,
                body="",
                defaults=None,
                multiple=False,
                params={},
            )
        )


@pytest.mark.in_airflow
def test_a_plan_is_answered_from_the_page(site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    from airflow.providers.standard.operators.hitl import ApprovalOperator, utcnow

    client, cabinet, seen = desk.client("user"), Cabinet("courses_delete"), dict[str, str]()
    upload = client.put(f"api/dags/{DAG}/uploads/old.csv", content=FILE).json()["id"]

    def wait(self: Any, context: Any) -> Any:
        """A person looks at the page while the task waits."""
        ask(context, self.subject)
        [approval] = got(client, "api/overview")["approvals"]
        assert approval["file"] == "old.csv" and approval["may_answer"] and "2 courses" in approval["subject"]
        run_id, claim = approval["run_id"], approval["claim"]
        [file] = got(client, f"api/dags/{DAG}/runs/{run_id}")["files"]
        assert (file["claim"], file["step"], file["report"]) == (claim, "awaiting approval", None)
        plan = got(client, f"api/dags/{DAG}/plans/{claim}")
        assert (plan["run_id"], plan["map_index"], plan["state"], plan["may_answer"]) == (run_id, 0, "waiting", True)
        assert [row["shortname"] for row in plan["rows"]] == ["C106", "C107"] and plan["why"] == [
            "Param require_approval is set"
        ]
        assert plan["total"].startswith("2 courses: ") and plan["remarks"][0]["line"] == 4
        assert got(client, f"api/dags/{DAG}/plans/{claim}", q="107")["matching"] == 1
        viewer = desk.client("viewer").post(f"api/dags/{DAG}/plans/{claim}/answer", json={"approve": True})
        assert viewer.status_code == 403
        answered = client.post(f"api/dags/{DAG}/plans/{claim}/answer", json={"approve": True, "reason": "spring"})
        assert (answered.status_code, answered.json()["answer"], answered.json()["by"]) == (200, "yes", "user"), (
            answered.text
        )
        again = desk.client("op").post(f"api/dags/{DAG}/plans/{claim}/answer", json={"approve": False})
        assert again.status_code == 409
        after = got(client, f"api/dags/{DAG}/plans/{claim}")
        assert (after["state"], after["answer"]["reason"], after["may_answer"]) == ("answered", "spring", False)
        assert got(client, "api/overview")["approvals"] == []
        seen.update(run_id=run_id, claim=claim)
        user = {"id": "user", "name": "user"}
        event = {"chosen_options": ["Approve"], "params_input": {"reason": "spring"}, "responded_by_user": user}
        return self.execute_complete(context, {**event, "responded_at": utcnow(), "timedout": False})

    monkeypatch.setattr(ApprovalOperator, "execute", wait)
    monkeypatch.delenv("TOOLSYNC_RUN_PID", raising=False)
    result = site.run(DAG, upload=upload)
    assert (result["state"], result["counts"]["deleted"]) == ("success", 2), result
    run = got(client, f"api/dags/{DAG}/runs/{seen['run_id']}")
    [file] = run["files"]
    assert (run["state"], file["step"], file["report"]["claim"]) == ("success", "done", seen["claim"])
    plan = got(client, f"api/dags/{DAG}/plans/{seen['claim']}")
    assert plan["state"] == "answered" and plan["answer"]["by"] == "user" and plan["matching"] == 2

    # What it deleted can be put back by one click: exactly the bundle that was chosen.
    bundles = got(client, "api/undo")["bundles"]
    assert {(bundle["shortname"], bundle["what"], bundle["put_back"]) for bundle in bundles} == {
        ("C106", "deleted", None),
        ("C107", "deleted", None),
    }
    assert [bundle["shortname"] for bundle in got(client, "api/undo", q="c107", dag_id=DAG)["bundles"]] == ["C107"]
    one = [{"dag_id": bundle["dag_id"], "name": bundle["name"]} for bundle in bundles if bundle["shortname"] == "C106"]
    restoring = client.post("api/undo/restore", json={"bundles": one}).json()
    assert restoring["dag_id"] == "toolsync_courses_restore"
    site.in_airflow = False
    assert site.run("toolsync_courses_restore", upload=restoring["upload"])["counts"]["created"] == 1
    assert site.value("SELECT GROUP_CONCAT(shortname) FROM {course} WHERE shortname IN ('C106', 'C107')") == "C106"
    assert client.post("api/undo/restore", json={"bundles": one}).status_code == 409
    assert [bundle["put_back"] is None for bundle in got(client, "api/undo", q="C106")["bundles"]] == [False]
    assert client.post("api/undo/restore", json={"bundles": [{"dag_id": DAG, "name": "../../x"}]}).status_code == 404
    # Rights are asked for by DAG: the name without its beginning is another DAG's.
    [left] = [bundle["name"] for bundle in bundles if bundle["shortname"] == "C107"]
    other = {"dag_id": DAG.removeprefix("toolsync_"), "name": left}
    assert client.post("api/undo/restore", json={"bundles": [other]}).status_code == 404
    assert not cabinet.files.tree(cabinet.folder("work"))


@pytest.mark.in_airflow
def test_a_run_that_writes_files_names_them(site: Site, desk: Desk):
    """What takes no files has no reports, so its run says where the result is."""
    client, dag_id = desk.client("viewer"), "toolsync_make_command_file"
    made = site.run(dag_id, shortname="C106", what="courses_delete")
    core = desk.client("admin")
    run_id = core.get(f"http://airflow/api/v2/dags/{dag_id}/dagRuns").json()["dag_runs"][-1]["dag_run_id"]
    run = got(client, f"api/dags/{dag_id}/runs/{run_id}")
    assert (run["written"], run["files"]) == ([made["path"]], [])
    reports = {dag["dag_id"]: dag["has_reports"] for dag in got(client, "api/overview")["types"]}
    assert reports[dag_id] is False and reports["toolsync_categories_clean"] is reports["toolsync_users"] is True


@pytest.mark.parametrize(
    ("result", "paths"),
    [
        ({"history": "/c/history/a.csv", "reports": 1, "damaged": 0}, ["/c/history/a.csv"]),
        (
            {"files": [{"type": "users", "path": "/c/a.csv"}, {"type": "users", "path": "/c/a_2.csv"}]},
            ["/c/a.csv", "/c/a_2.csv"],
        ),
        ({"path": None, "courses": 0}, []),
        ({"report": "/c/all/report/a.txt"}, ["/c/all/report/a.txt"]),
    ],
)
def test_what_a_run_has_written(result: dict[str, Any], paths: list[str]):
    assert runs._written(result) == paths


class Told:
    """What Airflow tells of runs, by address."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    async def get_or_none(self, *path: str, **query: Any) -> Any:
        mapped = query.get("map_index", -1)
        return self.answers.get("/".join(path) + (f"/{mapped}" if mapped >= 0 else ""))


def awaited(told: Any) -> Any:
    """What a coroutine gives. In a thread of its own: a browser's tests leave a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, told).result()


def result_of(run: str, value: Any) -> dict[str, Any]:
    return {f"{run}/taskInstances/collect/xcomEntries/return_value": {"value": value}}


def test_what_is_about_a_file_is_told_beside_it_alone(desk: Desk):
    run = "dags/toolsync_users/dagRuns/r"
    claim = {"id": "20261129-060000-000000-abcd", "name": "people.csv", "options": {}}
    failed = [
        {"task_id": "file.execute", "map_index": 0, "end_date": "2"},
        {"task_id": "purge", "map_index": -1, "end_date": "1"},
    ]
    said = {f"{run}/taskInstances/file.execute/xcomEntries/message/0": {"value": "No site."}}
    said |= {f"{run}/taskInstances/purge/xcomEntries/message": {"value": "No PHP."}}
    core = Told(result_of(run, [claim]) | said | {f"{run}/taskInstances": {"task_instances": failed}})
    state = {"dag_run_id": "r", "state": "failed"}
    [file], messages, _ = awaited(runs._about(core, dag_of("toolsync_users"), state))  # type: ignore[arg-type]
    assert (file["message"], messages) == ("No site.", ["No PHP."])
    # The site could not take it: its report is no sign that it is done.
    told = {"file": "people.csv", "unfit": "No site.", "returned": "/c/inbox/people.csv", "counts": {}}
    (Cabinet("users").folder("report") / f"people_{claim['id']}_report.json").write_text(json.dumps(told))
    [file], *_ = awaited(runs._about(core, dag_of("toolsync_users"), state))  # type: ignore[arg-type]
    assert (file["step"], file["message"], file["report"]["place"]["folder"]) == ("failed", "No site.", "inbox")


def test_the_days_work_knows_the_files_of_its_runs(desk: Desk):
    run = "dags/toolsync_users/dagRuns/toolsync_all__day"
    cabinet = Cabinet("users")
    cabinet.add("inbox", "people.csv", io.BytesIO(b"username\n"), age=3600)
    claim = cabinet.claim("people.csv", Owner("toolsync_all__day", "here", None), {"simulate": False})
    assert claim
    state = {run: {"dag_run_id": "toolsync_all__day", "state": "running"}}
    core = Told(state | result_of(run, [asdict(claim)]))
    [child] = awaited(runs._children(core, cabinet.site, "day"))  # type: ignore[arg-type]
    assert (child["dag_id"], child["run_id"], child["state"]) == ("toolsync_users", "toolsync_all__day", "running")
    assert [(file["name"], file["step"]) for file in child["files"]] == [("people.csv", "checking")]


def test_a_run_is_begun_as_airflow_begins_it(desk: Desk):
    client, of_dag = desk.client("user"), "api/dags/toolsync_users"
    upload = client.put(f"{of_dag}/uploads/people.csv", content=SAMPLE.read_bytes()).json()["id"]
    for wrong, status in (
        ({}, 400),
        ({"upload": upload, "files": "*"}, 400),
        ({"upload": "20261129-000000-000000-abcd"}, 404),
        ({"upload": upload, "params": {"encoding": "latin"}}, 400),
        ({"upload": upload, "params": {"fail_over": "150%"}}, 400),
        ({"files": "*", "params": {"upload": upload}}, 400),
    ):
        answer = client.post(f"{of_dag}/runs", json=wrong)
        assert (answer.status_code, isinstance(answer.json()["detail"], str)) == (status, True), answer.text
    several = client.post(f"{of_dag}/runs", json={"upload": upload, "params": {"encoding": "latin", "batch": [1]}})
    assert several.json()["detail"].startswith("There is no Param 'batch'. The Params are ")
    assert several.json()["detail"].endswith(
        "Param encoding: expected 'utf-8', 'iso-8859-1' or 'windows-1252', found the text 'latin'."
    )
    core = desk.client("admin")
    assert core.patch("http://airflow/api/v2/dags/toolsync_users", json={"is_paused": True}).status_code == 200
    wrong = {"upload": upload, "params": {"encoding": "latin"}, "unpause": True}
    assert client.post(f"{of_dag}/runs", json=wrong).status_code == 400
    assert core.get("http://airflow/api/v2/dags/toolsync_users").json()["is_paused"] is True
    asked = client.post(f"{of_dag}/runs", json={"upload": upload, "simulate": True})
    assert (asked.status_code, asked.json()["paused"]) == (409, True)
    begun = client.post(
        f"{of_dag}/runs",
        json={"upload": upload, "simulate": True, "params": {"timezone": "Europe/Paris"}, "unpause": True},
    )
    assert begun.status_code == 201, begun.text
    assert begun.json()["run_id"].endswith("_people.csv_simulation")
    run = core.get(f"http://airflow/api/v2/dags/toolsync_users/dagRuns/{begun.json()['run_id']}").json()
    assert (
        run["conf"] == {"simulate": True, "timezone": "Europe/Paris", "upload": upload}
        and run["triggering_user_name"] == "user"
    )
    assert core.get("http://airflow/api/v2/dags/toolsync_users").json()["is_paused"] is False
    state = got(client, f"{of_dag}/runs/{begun.json()['run_id']}")
    assert (state["state"], state["simulated"], state["files"]) == ("queued", True, [])
    viewers = got(desk.client("viewer"), f"{of_dag}/runs/{begun.json()['run_id']}")
    assert (state["may"], viewers["may"]) == ({"trigger": True}, {"trigger": False})
    log = core.get(
        "http://airflow/api/v2/eventLogs", params={"event": "trigger_dag_run", "dag_id": "toolsync_users"}
    ).json()
    assert log["event_logs"][-1]["owner"] == "user"
    assert client.get(f"{of_dag}/runs/%2E%2E").status_code == 404
    nothing = client.post("api/dags/toolsync_make_command_file/runs", json={"files": "*"})
    assert nothing.status_code == 400
    assert (
        client.delete(f"http://airflow/api/v2/dags/toolsync_users/dagRuns/{begun.json()['run_id']}").status_code == 204
    )


def test_a_file_of_the_inbox_is_run_alone(desk: Desk):
    cabinet = Cabinet("users")
    for name in ("people[1].csv", "people1.csv"):
        cabinet.add("inbox", name, io.BytesIO(b"username\n"), age=3600)
    for given, ready in (("people[1].csv", ["people[1].csv"]), ("people*", ["people1.csv", "people[1].csv"])):
        conf, _ = runs._what_to_run(dag_of("toolsync_users"), Trigger.model_validate({"files": given}))
        assert cabinet.waiting(conf["files"], 0)[0] == ready


def test_the_form_the_manual_and_the_description(desk: Desk):
    client = desk.client("viewer")
    params = {param["name"]: param for param in got(client, "api/dags/toolsync_users/form")["params"]}
    assert not {"files", "content", "upload", "simulate"} & set(params)
    assert (
        params["encoding"]["enum"] == ["utf-8", "iso-8859-1", "windows-1252"]
        and params["allow_rename"]["default"] is False
    )
    assert params["fail_over"]["type"] == ["null", "string", "integer"]
    for share, right in (("5%", True), ("100 %", True), ("10", True), ("", True), ("150%", False), ("5 lines", False)):
        assert bool(re.search(params["fail_over"]["pattern"], share)) == right, share
    manual = got(client, "api/dags/toolsync_users/manual")
    assert "<table>" in manual["html"] and manual["sample"] == "users.csv" and "<script" not in manual["html"]
    assert client.get("api/dags/toolsync_users/sample").content == SAMPLE.read_bytes()
    described = got(client, "openapi.json")
    assert described["servers"] == [{"url": "/toolsync"}]
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert all(operation["summary"] and operation["security"] for operation in operations)


def test_progress_is_kept_for_the_page(site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    seen: list[Any] = []
    monkeypatch.setattr(progress, "KEPT_EVERY", 0.0)
    save = Cabinet.save

    def saving(self: Cabinet, claim: Any, name: str, value: Any) -> None:
        save(self, claim, name, value)
        if name == "progress.json":
            [kind] = [
                kind for kind in got(desk.client("user"), "api/overview")["types"] if kind["dag_id"] == "toolsync_users"
            ]
            seen.append(kind["work"][0])

    monkeypatch.setattr(Cabinet, "save", saving)
    assert site.run("toolsync_users", SAMPLE.read_bytes())["state"] == "success"
    assert seen and (seen[0]["step"], seen[0]["progress"]["done"], seen[0]["progress"]["total"]) == (
        "executing",
        10,
        10,
    )


def test_what_is_looked_at_is_quick(desk: Desk):
    """Half a megabyte, once Great Expectations is imported: about a second on a quiet machine."""
    client = desk.client("user")
    lines = [f"user{number},Ada,Lovelace,ada{number}@example.org" for number in range(20_000)]
    content = ("username,firstname,lastname,email\n" + "\n".join(lines)).encode()[: 512 << 10]
    client.post("api/inspect?name=warm.csv&complete=1", content=SAMPLE.read_bytes())
    begun = time.perf_counter()
    told = client.post("api/inspect?name=people.csv", content=content).json()
    seconds = time.perf_counter() - begun
    assert told["dag_id"] == "toolsync_users" and told["problems"] == [] and told["lines"] > 10_000
    assert seconds < 5, seconds


def test_reports_of_earlier_versions(desk: Desk):
    folder = Cabinet("users").folder("report")
    for number, name in enumerate(
        ["20261101-000000-000000-aaaa", "20261102-000000-000000-bbbb", "20261103-000000-000000-cccc"]
    ):
        content = {
            "toolsync": "0.1.0",
            "file": f"{number}.csv",
            "simulated": False,
            "rejected": [],
            "counts": {"created": number},
        }
        (folder / f"{number}_{name}_report.json").write_text(json.dumps(content))
    (folder / "x_20261104-000000-000000-dddd_report.json").write_text("{ half")
    client = desk.client("viewer")
    # What somebody has put there under a name that is not UTF-8 keeps nobody from seeing the rest.
    (Cabinet("users").folder("tryback") / os.fsdecode(b"corrig\xe9.csv")).write_text("username\n")
    assert got(client, "api/overview") and got(client, "api/dags/toolsync_users/trybacks") == {"trybacks": []}
    listed = got(client, "api/dags/toolsync_users/reports", limit=3)
    assert [report["file"] for report in listed["reports"]] == ["2.csv", "1.csv"] and listed["more"]
    rest = got(client, "api/dags/toolsync_users/reports", before="20261102-000000-000000-bbbb")
    assert [report["file"] for report in rest["reports"]] == ["0.csv"] and not rest["more"]
    report = got(client, "api/dags/toolsync_users/reports/20261103-000000-000000-cccc")
    assert (report["text"], report["files"], report["may"]) == (None, [], {"trigger": False})  # a viewer sees no values
    assert (report["run_id"], report["unit"], report["counts"]) == (None, "line", {"created": 2})
    other = client.get("api/dags/toolsync_groups/reports/20261103-000000-000000-cccc")
    assert other.status_code == 404  # the claim of another DAG
    assert uploads.uploads(Cabinet("users")) == []


def test_of_a_run_with_many_files_the_folders_are_looked_into_once(desk: Desk, anywhere: ObjectStore):
    """So with many uploads that nobody has run: the older ones tell what their names do."""
    cabinet, taken = Cabinet("users"), Owner("manual__1", "elsewhere", None)
    claims = [cabinet.claim_content(taken, {"simulate": False, "content": "username\n"}) for _ in range(6)]
    for claim in claims[:3]:
        report = {"file": claim.name, "counts": {}, "rejected": []}
        with cabinet.writing("report", claim.report_name(".json")) as (stream, _):
            stream.write(json.dumps(report).encode())
    cabinet.save(claims[-1], "progress.json", {"done": 1})
    anywhere.reset()
    told = runs._files(dag_of("toolsync_users"), [asdict(claim) for claim in claims], False, [])
    assert [file["step"] for file in told] == ["done"] * 3 + ["checking"] * 3
    assert len(anywhere.requests) < 10, anywhere.requests  # the folders, three reports, how far the last one is

    for number in range(6):
        with uploads.receiving(cabinet, "a.csv", f"user{number}") as (stream, _):
            stream.write(b"username\n")
    anywhere.reset()
    assert [each.by for each in uploads.uploads(cabinet, 2)] == ["user5", "user4", None, None, None, None]
    assert len(anywhere.requests) <= 3, anywhere.requests
