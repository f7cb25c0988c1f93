"""Runs are undone from the page: what their bundles tell, who may ask for it, and what Airflow is asked to run."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.desk import Desk, PerDag
from tests.support.object_store import ObjectStore
from tests.support.site import Site
from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.folders import Cabinet
from toolsync.course import undo_bundles
from toolsync.desk import run_bundles
from toolsync.settings import settings
from toolsync.sites import the_site

SAMPLE = Path(__file__).parents[2] / "include/samples/users.csv"
USERS, GROUPS, UNDO = "toolsync_users", "toolsync_groups", "toolsync_undo"


def got(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def claim(number: int) -> str:
    return f"20261129-06{number // 60:02}{number % 60:02}-000000-abcd"


def index(number: int, file: str, **more: Any) -> dict[str, Any]:
    """The index of a bundle, as a run leaves it."""
    rows = {"deleted": {"user_enrolments": 2}, "changed": {"user": 3}, "made": {"user": 1, "user_preferences": 1}}
    told = {"claim": claim(number), "file": file, "made": "2026-11-29T06:00:00+00:00", "ended": True, "undone": None}
    return {**told, "rows": rows, "parts": 1, "bytes": 1234, **more}


def bundle(number: int, file: str, *, cabinet: Cabinet | None = None, **more: Any) -> dict[str, str]:
    """Put a bundle into the cabinet; returns what names it."""
    cabinet = cabinet or Cabinet("users")
    Bundle(cabinet, claim(number)).save_index(index(number, file, **more))
    return {"dag_id": cabinet.dag_id, "claim": claim(number)}


def course(cabinet: Cabinet, number: int, line: int, **more: Any) -> None:
    """Put the bundle of a course into the cabinet."""
    name = undo_bundles.bundle_name(f"C{line}", line, claim(number), line)
    told = {"id": line, "line": line, "shortname": f"C{line}", "fullname": f"Course {line}"}
    noted = {"format": 1, "toolsync": "0.1.0", "type": cabinet.file_type, "moodle": "5.1", "course": told}
    undo_bundles.write_index(cabinet, name, {**index(number, "old.csv", **more), **noted, "restored": None})
    cabinet.files.write(cabinet.folder("undo") / (name + undo_bundles.SUFFIX), b"rows")


def listed(client: TestClient, **query: Any) -> list[str]:
    return [run["file"] for run in got(client, "api/undo/runs", **query)["runs"]]


def started(desk: Desk, run: dict[str, str]) -> dict[str, Any]:
    """What Airflow knows of a run, which is then deleted."""
    address = f"http://airflow/api/v2/dags/{run['dag_id']}/dagRuns/{run['run_id']}"
    known = desk.client("admin").get(address).json()
    assert desk.client("admin").delete(address).status_code == 204
    return known


def test_a_run_is_undone_from_its_report(site: Site, desk: Desk):
    """As its report tells, before and after, and when there is nothing to undo it with."""
    user, viewer, cabinet = desk.client("user"), desk.client("viewer"), Cabinet("users")
    assert site.run(USERS, SAMPLE.read_bytes())["state"] == "success"
    [head] = got(user, f"api/dags/{USERS}/reports")["reports"]
    address = f"api/dags/{USERS}/reports/{head['claim']}"
    told = got(viewer, address)["undo"]
    kept = Bundle(cabinet, head["claim"])
    saved = kept.index()
    assert saved and told["bundle"]["may"] == {"undo": False}
    assert (told["dag_id"], told["state"], told["by"]) == (UNDO, "kept", None)
    assert {row["table"]: row["made"] for row in told["bundle"]["tables"] if row["made"]} == saved["rows"]["made"]
    assert told["bundle"]["size"] == saved["bytes"] and saved["rows"]["made"]["user"] > 0
    made = datetime.fromisoformat(saved["made"])
    assert datetime.fromisoformat(told["bundle"]["until"]) == made + timedelta(days=365)
    assert got(user, address)["undo"]["bundle"]["may"] == {"undo": True}

    name = {"dag_id": USERS, "claim": head["claim"]}
    body = {"runs": [name], "overwrite_changes": True, "simulate": True}
    assert viewer.post("api/undo/runs", json=body).status_code == 403
    begun = user.post("api/undo/runs", json=body)
    assert begun.status_code == 201, begun.text
    run = started(desk, begun.json())
    assert run["conf"] == {"runs": [head["claim"]], "overwrite_changes": True, "simulate": True}
    assert run["triggering_user_name"] == "user" and run["dag_run_id"].endswith("_command.csv_simulation")

    # Undone by a run whose report says who started it.
    at, by = "2026-11-29T07:00:00+00:00", claim(1)
    undo = Cabinet("undo")
    undo.files.make_folder(undo.folder("report"))
    report = {"file": "undo.csv", "simulated": False, "rejected": [], "counts": {}, "by": "grace"}
    (undo.folder("report") / f"undo_{by}_report.json").write_text(json.dumps(report))
    kept.save_index(
        {**saved, "undone": {"at": at, "by_claim": by, "rows": saved["rows"], "left": {"made": {"user": 1}}}}
    )
    assert got(user, address)["undo"]["state"] == "partly"
    assert started(desk, user.post("api/undo/runs", json={"runs": [name]}).json())["conf"]["simulate"] is False
    kept.save_index({**saved, "undone": {"at": at, "by_claim": by, "rows": saved["rows"], "left": {}}})
    told = got(user, address)["undo"]
    assert (told["state"], told["by"], told["bundle"]["undone"]) == (
        "undone",
        "grace",
        {"at": at, "dag_id": UNDO, "claim": by},
    )
    again = user.post("api/undo/runs", json=body)
    assert again.status_code == 409 and "was undone already" in again.json()["detail"]
    # Once the undo is undone, the run can be undone again; it is undone in part as long as parts of its bundle are left.
    bundle(1, "undo.csv", cabinet=undo, undone={"at": at, "by_claim": claim(2), "rows": {}, "left": 0})
    told = got(user, address)["undo"]
    assert (told["state"], told["bundle"]["undone"], told["by"]) == ("kept", None, None)
    bundle(1, "undo.csv", cabinet=undo)
    kept.save_index({**saved, "parts": 2, "undone": {"at": at, "by_claim": by, "left": 0, "parts": {"0": 0}}})
    assert got(user, address)["undo"]["state"] == "partly"

    kept.remove()
    assert (
        got(user, address)["undo"]["state"] in ("gone", "none")
        and user.post("api/undo/runs", json=body).status_code == 404
    )
    # A run that changes nothing, one that keeps nothing, and a simulation.
    site.run(USERS, SAMPLE.read_bytes())
    site.run(USERS, b"username,city\nu002,Bergen\n", undo=False)
    site.run(USERS, b"username,city\nu002,Oslo\n", simulate=True)
    heads = got(user, f"api/dags/{USERS}/reports")["reports"][:3]
    told = [got(user, f"api/dags/{USERS}/reports/{each['claim']}")["undo"] for each in heads]
    assert told[0] is None and told[1]["state"] == "none" and told[2] is None, told


def test_a_run_that_deleted_courses_is_undone_as_any_other(site: Site, desk: Desk):
    """Its bundle is that of its courses together; one that was put back by itself stays as it is."""
    user, dag_id = desk.client("user"), "toolsync_courses_delete"
    done = site.run(dag_id, b"shortname\nC106\nC107\n", approve="yes")
    assert done["counts"]["deleted"] == 2 and f"run {UNDO} with {done['claim']}" in Path(done["report"]).read_text()
    [listed_one] = got(user, "api/undo/runs", dag_id=dag_id)["runs"]
    assert (listed_one["claim"], listed_one["file"], listed_one["state"]) == (done["claim"], "command.csv", "kept")
    rows = {row["table"]: row["deleted"] for row in listed_one["tables"] if row["deleted"]}
    assert rows == done["changed"]["rows"]["deleted"] and rows["course"] == 2
    address = f"api/dags/{dag_id}/reports/{done['claim']}"
    told = got(user, address)["undo"]
    assert (told["state"], told["by_course"], told["bundle"]["may"]) == ("kept", True, {"undo": True})
    first, _ = (bundle["name"] for bundle in got(user, "api/undo")["bundles"])
    restored = site.run("toolsync_courses_restore", f"shortname,bundle\nC107,{first}\n".encode())
    told = got(user, address)["undo"]
    by = {"dag_id": "toolsync_courses_restore", "claim": restored["claim"]}
    assert told["state"] == "partly" and told["bundle"]["undone"] == {"at": told["bundle"]["undone"]["at"], **by}
    back, waiting = got(user, "api/undo")["bundles"]
    assert back["put_back_by"] == told["bundle"]["undone"] and waiting["put_back_by"] is None
    named = {"runs": [{"dag_id": dag_id, "claim": done["claim"]}]}
    conf = started(desk, user.post("api/undo/runs", json=named).json())["conf"]
    assert conf["runs"] == [done["claim"]] and run_bundles.runs_of(the_site(), conf["runs"]) == named["runs"]
    undoing = site.run(UNDO, runs=conf["runs"], require_approval=False)
    assert undoing["state"] == "success"
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname IN ('C106', 'C107')") == 2
    told = got(user, address)["undo"]
    assert told["state"] == "undone"
    assert (told["bundle"]["undone"]["dag_id"], told["bundle"]["undone"]["claim"]) == (UNDO, undoing["claim"])
    assert [each["put_back_by"]["dag_id"] for each in got(user, "api/undo")["bundles"]] == [by["dag_id"], UNDO]
    assert user.post("api/undo/runs", json=named).status_code == 409


def test_of_a_run_about_many_courses_few_indexes_are_read(
    desk: Desk, anywhere: ObjectStore, monkeypatch: pytest.MonkeyPatch
):
    """One, once the run has ended; some, of a run of an earlier version, and then the page says how many were left out."""
    cabinet, viewer, read = Cabinet("courses_delete"), desk.client("viewer"), list[str]()
    cabinet.files.make_folder(cabinet.folder("undo"))
    rows = {"deleted": {"course": 1}, "changed": {}, "made": {}}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda line: course(cabinet, 3, line, rows=rows), range(1, 9)))
    of_course = undo_bundles.read_index

    def counting(cabinet: Cabinet, name: str) -> Any:
        read.append(name)
        return of_course(cabinet, name)

    monkeypatch.setattr(undo_bundles, "read_index", counting)
    monkeypatch.setattr(run_bundles, "MOST_OF_RUN", 6)
    [run] = got(viewer, "api/undo/runs", dag_id=cabinet.dag_id)["runs"]
    assert len(read) == 6 and (run["uncounted"], run["state"]) == (2, "kept")
    assert run["tables"] == [{"table": "course", "deleted": 6, "changed": 0, "made": 0}]
    monkeypatch.setattr(run_bundles, "MOST_OF_RUN", 8)
    [all_of_it] = got(viewer, "api/undo/runs", dag_id=cabinet.dag_id)["runs"]
    assert all_of_it["uncounted"] == 0

    # Where all that are read are back, the others are read, too: it may be undone altogether.
    monkeypatch.setattr(run_bundles, "MOST_OF_RUN", 6)
    before = {name: of_course(cabinet, name) for name in run_bundles.bundle_names(cabinet)}
    undo_bundles.mark_restored(cabinet, before, undo_bundles.By("undo", claim(4), datetime.now(UTC)))
    [undone] = got(viewer, "api/undo/runs", dag_id=cabinet.dag_id)["runs"]
    assert (undone["uncounted"], undone["state"]) == (0, "undone")
    for name, index_before in before.items():
        undo_bundles.write_index(cabinet, name, index_before)

    undo_bundles.sum_up(cabinet, claim(3))
    read.clear()
    anywhere.reset()
    [run] = got(viewer, "api/undo/runs", dag_id=cabinet.dag_id)["runs"]
    assert read == [] and len(anywhere.requests) < 20, anywhere.requests
    assert run == {**all_of_it, "size": 8 * len(b"rows")}
    # The courses themselves: an index each of those on the page, and what is chosen.
    listed = got(viewer, "api/undo", limit=5)["bundles"]
    assert len(read) == 5 and [each["size"] for each in listed] == [4] * 5
    anywhere.reset()
    named = [{"dag_id": cabinet.dag_id, "name": each["name"]} for each in listed]
    assert desk.client("user").post("api/undo/restore", json={"bundles": named}).status_code == 200
    assert len(anywhere.requests) < 40, anywhere.requests


def test_only_the_bundles_that_are_shown_are_read(desk: Desk, anywhere: ObjectStore, monkeypatch: pytest.MonkeyPatch):
    cabinet, viewer = Cabinet("users"), desk.client("viewer")
    for number in range(40):
        name = bundle(number, f"people{number:02}.csv")
        cabinet.files.write(cabinet.folder("undo") / name["claim"] / "part-000000.gz", b"rows, which nobody reads here")
    bundle(25, "Members.csv", cabinet=Cabinet("groups"))
    cabinet.files.write(cabinet.folder("undo") / claim(39) / "index.json", b"{ half")
    cabinet.files.write(cabinet.folder("undo") / "C_20261129-030206-003170-02d3_7.json", b"{}")
    read: list[str] = []
    of_bundle = Bundle.index

    def counting(self: Bundle) -> Any:
        read.append(self.claim_id)
        return of_bundle(self)

    monkeypatch.setattr(Bundle, "index", counting)
    got(viewer, "api/undo/runs")
    read.clear()
    anywhere.reset()
    first = got(viewer, "api/undo/runs", limit=5)
    assert [run["file"] for run in first["runs"]] == [f"people{number:02}.csv" for number in range(38, 33, -1)]
    assert read == [claim(number) for number in range(39, 33, -1)] and first["next"] == claim(34)
    assert len(anywhere.requests) < 20 * len(first["types"]) + 60, anywhere.requests
    rest = got(viewer, "api/undo/runs", before=claim(1))
    assert [run["file"] for run in rest["runs"]] == ["people00.csv"] and rest["next"] is None
    assert {each["dag_id"]: each["title"] for each in first["types"]}[USERS] == "Accounts"
    assert listed(viewer, q=" MEMB") == ["Members.csv"] and listed(viewer, q="people2", dag_id=GROUPS) == []
    assert listed(viewer, dag_id=GROUPS) == ["Members.csv"]
    # A name that is far back is found a page later: no request reads without end.
    monkeypatch.setattr("toolsync.desk.run_bundles.MOST_READ", 10)
    far = got(viewer, "api/undo/runs", q="people05")
    assert far["runs"] == [] and far["next"] == claim(30)
    while not far["runs"]:
        far = got(viewer, "api/undo/runs", q="people05", before=far["next"])
    assert [run["claim"] for run in far["runs"]] == [claim(5)]
    anywhere.reset()


def test_several_runs_are_undone_together(desk: Desk):
    user = desk.client("user")
    runs = [bundle(2, "b.csv"), bundle(5, "c.csv", cabinet=Cabinet("groups")), bundle(1, "a.csv")]
    begun = user.post("api/undo/runs", json={"runs": [*runs, runs[0]]}).json()
    run = started(desk, begun)
    assert run["conf"] == {"runs": [claim(5), claim(2), claim(1)], "overwrite_changes": False, "simulate": False}
    assert run["dag_run_id"].endswith("_3-runs")
    # There is no way around the rights of the DAGs that were run.
    around = user.post(f"api/dags/{UNDO}/runs", json={"files": "*", "params": {"runs": [claim(5)]}})
    assert around.status_code == 400, around.text
    # While a run goes on, nobody undoes it; what it has changed so far is not counted.
    going = bundle(7, "going.csv", ended=False, rows=None)
    cabinet = Cabinet("users")
    cabinet.files.make_folder(cabinet.folder("work") / claim(7))
    [told] = [each for each in got(user, "api/undo/runs")["runs"] if each["file"] == "going.csv"]
    assert (told["state"], told["tables"]) == ("working", None)
    answer = user.post("api/undo/runs", json={"runs": [*runs, going]})
    assert answer.status_code == 409 and "going.csv has not ended" in answer.json()["detail"]
    for wrong, status in (
        ([], 400),
        ([{"dag_id": USERS, "claim": claim(9)}], 404),
        ([{"dag_id": USERS, "claim": "../users/undo"}], 404),
        ([{"dag_id": GROUPS, "claim": claim(2)}], 404),  # that of another type
        ([{"dag_id": "users", "claim": claim(2)}], 404),
    ):
        answer = user.post("api/undo/runs", json={"runs": wrong})
        assert answer.status_code == status, answer.text
    # A DAG that is switched off, as with every run.
    admin, address = desk.client("admin"), f"http://airflow/api/v2/dags/{UNDO}"
    admin.patch(address, json={"is_paused": True})
    asked = user.post("api/undo/runs", json={"runs": runs[:1]})
    assert (asked.status_code, asked.json()["paused"]) == (409, True)
    begun = user.post("api/undo/runs", json={"runs": runs[:1], "unpause": True}).json()
    assert started(desk, begun)["conf"]["runs"] == [claim(2)] and admin.get(address).json()["is_paused"] is False


def test_who_may_undo(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Whoever may trigger both the DAG that undoes and the one that was run; nobody else writes anything, and a viewer sees numbers."""
    runs, user = [bundle(1, "a.csv"), bundle(2, "g.csv", cabinet=Cabinet("groups"))], desk.client("user")
    may = PerDag.is_authorized_dag
    refused = set[str]()

    def deciding(self: PerDag, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        named = details.id if details else None
        if user.username == "user" and access_entity and method == "POST" and named in refused:
            return False
        return may(self, method=method, user=user, access_entity=access_entity, details=details)

    monkeypatch.setattr(PerDag, "is_authorized_dag", deciding)
    for refused_dag, undoable in ((USERS, ["g.csv"]), (UNDO, [])):
        refused.clear()
        refused.add(refused_dag)
        told = got(user, "api/undo/runs")["runs"]
        assert [run["file"] for run in told] == ["g.csv", "a.csv"]
        assert [run["file"] for run in told if run["may"]["undo"]] == undoable
        answer = user.post("api/undo/runs", json={"runs": runs})
        assert answer.status_code == 403 and refused_dag in answer.json()["detail"]
    stranger = desk.client("stranger")
    assert listed(stranger) == ["g.csv"]
    assert stranger.post("api/undo/runs", json={"runs": runs[1:]}).status_code == 403
    assert stranger.get("api/undo/runs", params={"dag_id": USERS}).status_code == 403
    assert desk.client("admin").get(f"http://airflow/api/v2/dags/{UNDO}/dagRuns").json()["total_entries"] == 0


def test_runs_of_one_site(desk: Desk, sites: Path):
    user = desk.client("user")
    runs = [bundle(1, f"{name}.csv", cabinet=Cabinet("users", the_site(name))) for name in ("science", "arts")]
    assert (listed(user), listed(user, site="arts")) == (["science.csv"], ["arts.csv"])
    assert got(user, "api/undo/runs", site="arts")["dag_id"] == f"{UNDO}__arts"
    assert listed(desk.client("artist")) == ["arts.csv"]
    both = user.post("api/undo/runs", json={"runs": runs})
    assert both.status_code == 400 and "one site" in both.json()["detail"]
    begun = desk.client("artist").post("api/undo/runs", json={"runs": runs[1:]}).json()
    assert begun["dag_id"] == f"{UNDO}__arts" and started(desk, begun)["conf"]["runs"] == [claim(1)]
    none = got(desk.client("stranger"), "api/undo/runs")
    assert none == {"dag_id": None, "types": [], "runs": [], "next": None}


def test_how_long_bundles_are_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    bundle(1, "a.csv")
    made = datetime(2026, 11, 29, 6, tzinfo=UTC)
    for days, until in ((7, made + timedelta(days=7)), (None, None), (1e12, None)):
        monkeypatch.setitem(settings()["protection"], "undo_days", days)
        [run] = got(desk.client("viewer"), "api/undo/runs")["runs"]
        assert run["until"] == (until and until.isoformat()), days
