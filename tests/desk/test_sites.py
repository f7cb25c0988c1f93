"""Several sites on one page: each DAG works on the cabinet of its own site, and a site that is broken takes nothing from the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.desk import SITES, Desk
from toolsync.cabinet.folders import Cabinet
from toolsync.desk.core_api import CoreApi
from toolsync.settings import settings
from toolsync.sites import the_site

USERS = b"username,firstname,lastname,email\nada,Ada,Lovelace,ada@example.org\n"
SCIENCE, ARTS = "api/dags/toolsync_users__science", "api/dags/toolsync_users__arts"


def got(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_overview_is_of_one_site(desk: Desk, sites: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    call = CoreApi.call

    async def calling(self: CoreApi, method: str, *path: str, **options: Any) -> Any:
        asked.append("/".join(path))
        return await call(self, method, *path, **options)

    monkeypatch.setattr(CoreApi, "call", calling)
    client = desk.client("user")
    listed = [
        {"name": "science", "title": "Science", "approvals": 0},
        {"name": "arts", "title": "arts", "approvals": 0},
    ]
    assert got(client, "api/sites") == {"sites": listed}
    asked.clear()
    told = got(client, "api/overview")
    assert told["site"] == "science" and told["cabinet"] == f"{sites}/science"
    dags = {page["dag_id"]: (page["type"], page["title"], page["wrong"]) for page in told["types"]}
    assert dags["toolsync_courses_delete__science"] == ("courses_delete", "Courses: delete · Science", None)
    assert {dag_id.partition("__")[2] for dag_id in dags} == {"science"} and len(dags) == 5
    assert len(asked) <= 2 + 2 * len(dags) and not [path for path in asked if "arts" in path]
    assert {page["dag_id"] for page in got(client, "api/overview", site="arts")["types"]} == {
        dag_id.replace("science", "arts") for dag_id in dags
    }
    # What a person may not see is not there, nor is what is in no settings.
    artist = desk.client("artist")
    assert got(artist, "api/sites") == {"sites": listed[1:]} and got(artist, "api/overview")["site"] == "arts"
    for who, site in (("artist", "science"), ("user", "history"), ("user", "")):
        assert desk.client(who).get("api/overview", params={"site": site}).status_code == 404
    assert got(desk.client("stranger"), "api/sites") == {"sites": []}
    none = got(desk.client("stranger"), "api/overview")
    assert (none["site"], none["cabinet"], none["types"]) == (None, None, [])
    for dag_id in ("toolsync_users", "toolsync_users__", "toolsync_users__history", "toolsync_users__science__arts"):
        assert client.get(f"api/dags/{dag_id}/reports").status_code == 404, dag_id


def test_a_file_is_of_one_site(desk: Desk, sites: Path):
    client = desk.client("user")
    looked = client.post("api/inspect?name=users.csv&complete=1&site=arts", content=USERS).json()
    assert looked["dag_id"] == "toolsync_users__arts"
    assert {one["dag_id"].partition("__")[2] for one in looked["candidates"]} == {"arts"}
    other = client.post("api/inspect?name=users.csv&site=arts&dag_id=toolsync_users__science", content=USERS)
    assert other.status_code == 400 and "is no DAG of the site" in other.json()["detail"]
    upload = client.put(f"{SCIENCE}/uploads/users.csv", content=USERS).json()["id"]
    again = got(client, f"{SCIENCE}/uploads/{upload}/inspect")
    assert again["dag_id"] == "toolsync_users__science" and len(again["candidates"]) == 1
    for method, path in (("GET", f"uploads/{upload}/inspect"), ("DELETE", f"uploads/{upload}"), ("POST", "runs")):
        answer = client.request(method, f"{ARTS}/{path}", json={"upload": upload} if method == "POST" else None)
        assert answer.status_code == 404, answer.text
    waiting = {site: got(client, "api/overview", site=site)["types"] for site in SITES}
    assert {site: [len(page["uploads"]) for page in pages] for site, pages in waiting.items()} == {
        "science": [0, 0, 0, 0, 1],
        "arts": [0, 0, 0, 0, 0],
    }
    begun = client.post(f"{SCIENCE}/runs", json={"upload": upload}).json()["run_id"]
    run = f"http://airflow/api/v2/dags/toolsync_users__science/dagRuns/{begun}"
    assert desk.client("admin").get(run).json()["conf"]["upload"] == upload
    assert client.get(f"{ARTS}/runs/{begun}").status_code == 404
    assert client.delete(run).status_code == 204


def test_bundles_are_put_back_where_they_come_from(desk: Desk, sites: Path):
    client = desk.client("user")
    made = {}
    for number, site in enumerate(SITES):
        cabinet = Cabinet("courses_delete", the_site(site))
        claim = f"20261129-030206-00317{number}-02d3"
        course = {"id": 7, "shortname": f"C {site}", "fullname": "Physics"}
        index = {"claim": claim, "course": course, "made": "2026-11-29T03:02:06+00:00", "restored": None}
        made[site] = {"dag_id": cabinet.dag_id, "name": f"C_{claim}_7"}
        cabinet.files.make_folder(cabinet.folder("undo"))
        (cabinet.folder("undo") / f"{made[site]['name']}.json").write_text(json.dumps(index))
    for site in SITES:
        [bundle] = got(client, "api/undo", site=site)["bundles"]
        assert bundle["shortname"] == f"C {site}" and bundle["dag_id"] == f"toolsync_courses_delete__{site}"
    assert len(got(client, "api/undo", dag_id="toolsync_courses_delete__arts")["bundles"]) == 1
    both = client.post("api/undo/restore", json={"bundles": list(made.values())})
    assert both.status_code == 400 and "one site" in both.json()["detail"]
    wrong = {**made["science"], "dag_id": made["arts"]["dag_id"]}
    assert client.post("api/undo/restore", json={"bundles": [wrong]}).status_code == 404
    restoring = client.post("api/undo/restore", json={"bundles": [made["arts"]]}).json()
    assert restoring["dag_id"] == "toolsync_courses_restore__arts"
    content = Cabinet("courses_restore", the_site("arts")).folder("uploads").rglob("restore_*.csv")
    assert [made["arts"]["name"] in path.read_text() for path in content] == [True]
    assert not (sites / "science/courses_restore").exists()


def test_a_broken_site_leaves_the_others_alone(desk: Desk, sites: Path, monkeypatch: pytest.MonkeyPatch):
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    from toolsync.settings import ROOT

    client = desk.client("user")

    def told(arts: Any, status: int) -> str:
        """What the page says of a site, while the other one works."""
        monkeypatch.setitem(settings(), "sites", SITES | {"arts": arts})
        assert len(got(client, "api/overview")["types"]) == 5
        assert [site["name"] for site in got(client, "api/sites")["sites"]] == ["science", "arts"]
        answers = [client.get(path, params={"site": "arts"}) for path in ("api/overview", "api/undo")]
        answers.append(client.get(f"{ARTS}/reports"))
        assert [answer.status_code for answer in answers] == [status] * 3, [answer.text for answer in answers]
        return answers[0].json()["detail"]

    assert "sites, arts, retrys: there is no such setting. Did you mean retries?" in told({"retrys": 1}, 500)
    assert "expected settings and their values, found a text" in told("x", 500)
    (sites.parent / "file").write_text("")
    sentence = told({"cabinet": {"address": f"{sites.parent}/file"}}, 503)
    assert f"{sites.parent}/file" in sentence and "a file is in the place of a folder" in sentence
    # A setting of one type: the DAG that stands in its place says so, and is not begun.
    monkeypatch.setitem(settings(), "sites", SITES | {"arts": {"schedules": {"groups": "sometimes"}}})
    sync_bag_to_db(DagBag(str(ROOT / "dags/toolsync_groups.py")), "dags-folder", None)
    why = {page["type"]: page["wrong"] for page in got(client, "api/overview", site="arts")["types"]}
    assert "sometimes" in why.pop("groups") and set(why.values()) == {None}
    answer = client.post("api/dags/toolsync_groups__arts/runs", json={})
    assert answer.status_code == 409 and "The settings of the site arts are wrong" in answer.json()["detail"]


def test_settings_that_nobody_can_read(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "mine.yaml"
    page.write_text("retries: [1\n")
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(page))
    client = desk.client("user")
    assert client.get("").status_code == 200
    for path in ("api/sites", "api/overview", "api/dags/toolsync_users/reports", "api/undo"):
        answer = client.get(path)
        assert answer.status_code == 500 and f"{page}, line 2" in answer.json()["detail"], answer.text
    # What is corrected, or added, needs no restart.
    page.write_text("sites: {science: {title: Physics}}\n")
    assert got(client, "api/sites")["sites"][0]["title"] == "Physics"
