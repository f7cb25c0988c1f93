"""Packages: each command file runs through the DAG of its type, once whatever dies, with one report and a tryback in the package's own form."""

from __future__ import annotations

import csv
import io
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.feeds import run_types_here
from tests.support.object_store import object_store
from tests.support.packages import oneroster
from tests.support.samples import EVERYTHING
from tests.support.settings import lay_over
from tests.support.site import Site
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import claim_upload, uploads
from toolsync.operators import package_runs, packages
from toolsync.run import load_dag

ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nS1,,,Feed School,school,,\n"
SESSIONS = "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\nT1,,,2026,schoolYear,2026-09-01,2027-07-31,,2027\n"
COURSES = "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes\nK1,,,T1,Physics,PHY,,S1,,\n"
CLASSES = (
    "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n"
    "L1,,,Physics 1,,K1,PHY1,scheduled,,S1,T1,,,\n"
)
PEOPLE = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n"
    "P1,,,true,S1,teacher,feedada,,Ada,Lovelace,,,ada@feed.example.org,,,,,\n"
    "P2,,,true,S1,student,feedbob,,Bob,Byte,,,{email},,,,,\n"
)
ENROLMENTS = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    "E1,,,L1,S1,P1,teacher,true,,\nE2,,,L1,S1,P2,{role},false,,\n"
)


def school(email: str = "bob@feed.example.org", role: str = "student", mode: str = "bulk", **files: str) -> bytes:
    return oneroster(
        {
            "orgs": ORGS, "academicSessions": SESSIONS, "courses": COURSES, "classes": CLASSES,
            "users": PEOPLE.format(email=email), "enrollments": ENROLMENTS.format(role=role), **files,
        },
        mode=mode,
    )  # fmt: skip


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Writes a package."""

    def write(name: str = "nightly.zip", **parts: str) -> Path:
        path = tmp_path / name
        path.write_bytes(school(**parts))
        return path

    return write


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    run_types_here(monkeypatch)


def people(site: Site) -> list[Any]:
    return [row[0] for row in site.rows("SELECT username FROM {user} WHERE username LIKE 'feed%' ORDER BY username")]


def lines_of(done: dict[str, Any]) -> list[dict[str, str]]:
    with open(done["lines"], newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.usefixtures("airflow")
@pytest.mark.in_airflow
def test_a_package_runs_type_by_type_with_one_report(
    site: Site, package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    if not EVERYTHING:  # that a type runs in a process of its own, the feeds from a query show
        run_types_here(monkeypatch)
    done = site.run("toolsync_feeds", package())
    assert done["state"] == "success", done["messages"]
    states = {each["type"]: (each["state"], each["files"][0]["counts"]["created"]) for each in done["types"]}
    assert states == {"courses": ("done", 1), "users": ("done", 2), "enrolments": ("done", 2)}
    assert people(site) == ["feedada", "feedbob"]
    assert (
        site.value(
            "SELECT COUNT(*) FROM {user_enrolments} ue JOIN {user} u ON u.id = ue.userid WHERE u.username LIKE 'feed%'"
        )
        == 2
    )
    assert (done["counts"]["created"], done["counts"]["failed"], done["package"]) == (
        5,
        0,
        {"kind": "oneroster", "version": "1.1"},
    )
    text = Path(done["report"]).read_text()
    assert "courses: done.\n    nightly_courses.csv: 1 line, 1 created. Report: " in text and done["tryback"] is None
    assert all(claim in text for claim in done["runs"]) and len(done["runs"]) == 3
    assert not uploads(Cabinet("users")) and not list(Cabinet("feeds").folder("work").iterdir())
    undone = site.run("toolsync_undo", runs=done["runs"], approve="yes")
    assert undone["state"] == "success" and people(site) == []


@pytest.mark.usefixtures("here")
def test_what_fails_is_told_by_its_place_in_the_package_and_comes_back_as_one(site: Site, package: Callable[..., Path]):
    # One line of the package is left out, another becomes a line that the site refuses.
    taken = site.value("SELECT email FROM {user} WHERE username = 'u001'")
    done = site.run("toolsync_feeds", package(email=taken, role="juggler"))
    assert done["state"] == "success", done["messages"]
    found = [(row["file"], row["line"], row["type"], row["outcome"]) for row in lines_of(done)]
    assert [one[:2] for one in found] == [("users.csv", "3"), ("enrollments.csv", "3")]
    assert "users.csv, line 3, column email" in Path(done["report"]).read_text()
    with zipfile.ZipFile(done["tryback"]) as tryback:
        names = {name.lower() for name in tryback.namelist()}
        assert {"manifest.csv", "users.csv", "enrollments.csv"} <= names
        assert "P2" in tryback.read("users.csv").decode() and "feedada" not in tryback.read("users.csv").decode()
        mended = {
            name: tryback.read(name).decode().replace(taken, "bob@feed.example.org").replace("juggler", "student")
            for name in tryback.namelist()
        }
    path = package("mended.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in mended.items():
            archive.writestr(name, content)
    again = site.run("toolsync_feeds", path)
    assert again["state"] == "success" and again["counts"]["failed"] == 0 and again["tryback"] is None
    assert people(site) == ["feedada", "feedbob"]


@pytest.mark.usefixtures("here")
def test_a_type_that_failed_holds_up_what_needs_it(
    site: Site, package: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mapping.yaml").write_text("params:\n  users: {fail_over: 0}\n")
    lay_over(monkeypatch, tmp_path, f"packages:\n  oneroster: {tmp_path}/mapping.yaml\n")
    taken = site.value("SELECT email FROM {user} WHERE username = 'u001'")
    done = site.run("toolsync_feeds", package(email=taken))
    assert done["state"] == "failed"
    assert {each["type"]: each["state"] for each in done["types"]} == {
        "courses": "done",
        "users": "failed",
        "enrolments": "held up",
    }
    assert "enrolments (held up)" in done["messages"][-1]
    with zipfile.ZipFile(done["tryback"]) as tryback:
        assert tryback.read("enrollments.csv").decode().count("\n") == 3, "all lines of what was not run"


def test_params_that_a_type_does_not_have_are_told_before_anything_is_run(
    site: Site, package: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mapping.yaml").write_text("bulk_params:\n  users: {mode: full}\n")
    lay_over(monkeypatch, tmp_path, f"packages:\n  oneroster: {tmp_path}/mapping.yaml\n")
    done = site.run("toolsync_feeds", package())
    assert done["state"] == "failed" and "users: Param mode is full, so Param scope_auth must" in done["messages"][0]
    shutil.rmtree(Cabinet("feeds").folder("work"))
    (tmp_path / "mapping.yaml").write_text("params:\n  users: {verify: 7}\n")
    done = site.run("toolsync_feeds", package())
    assert done["state"] == "failed" and "users: Param verify is about the files of a data set" in done["messages"][0]
    shutil.rmtree(Cabinet("feeds").folder("work"))
    (tmp_path / "mapping.yaml").write_text("params:\n  users: {allow_renam: true}\n")
    lay_over(monkeypatch, tmp_path, f"packages:\n  oneroster: {tmp_path}/mapping.yaml\n")
    done = site.run("toolsync_feeds", package())
    assert done["state"] == "failed" and "mapping.yaml, users: There is no Param 'allow_renam'" in done["messages"][0]
    assert not list(Cabinet("courses").folder("report").iterdir()) and not uploads(Cabinet("courses"))


@pytest.mark.usefixtures("here")
def test_a_simulation_changes_nothing_and_leaves_no_upload(site: Site, pristine: Site, package: Callable[..., Path]):
    done = site.run("toolsync_feeds", package(), simulate=True)
    assert done["simulated"] and {each["type"]: each["files"][0]["counts"]["created"] for each in done["types"]} == {
        "courses": 1,
        "users": 2,
        "enrolments": 0,
    }
    assert site.changed(pristine) == [] and not uploads(Cabinet("users"))
    assert done["tryback"] is None and done["archive"] is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no zip", "it can't be read as a ZIP archive"), (oneroster({"users": "a,b\n1,2\n"}), "users.csv: ")],
)
def test_what_is_no_package_is_rejected(site: Site, pristine: Site, tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "bad.zip").write_bytes(content)
    done = site.run("toolsync_feeds", tmp_path / "bad.zip")
    assert done["state"] == "failed" and any(reason in one for one in done["rejected"])
    assert Path(done["tryback"]).read_bytes() == content and site.changed(pristine) == []


def test_a_tryback_is_no_whole_truth(
    site: Site, package: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    started: list[Any] = []

    def refuse(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        started.append(conf)
        return {"messages": ["no"]}

    monkeypatch.setattr(package_runs, "run_by_hand", refuse)
    monkeypatch.setattr(packages, "params_problems", lambda *given: [])  # of Params that the types may not have yet
    (tmp_path / "mapping.yaml").write_text(
        "params: {courses: {data_set: sis, scope_x: 1, force_update: true}}\nbulk_params: {courses: {mode: full}}\n"
    )
    lay_over(monkeypatch, tmp_path, f"packages:\n  oneroster: {tmp_path}/mapping.yaml\n")
    for path, part in (
        (package(), False),
        (package("nightly_20261129-120000-000000-abcd_tryback.zip"), False),
        (package(), True),
    ):
        site.run("toolsync_feeds", path, part=part)
        shutil.rmtree(Cabinet("feeds").folder("work"))
    assert len(started) == 3
    assert started[0].items() >= {"data_set": "sis", "mode": "full"}.items()
    assert all(conf["force_update"] and not conf.keys() & {"mode", "scope_x"} for conf in started[1:])
    assert [conf["data_set"] for conf in started[1:]] == ["", ""]


@pytest.mark.usefixtures("here")
def test_a_package_that_is_not_whole_after_all_runs_without_what_only_a_whole_one_has(
    site: Site, package: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mapping.yaml").write_text("bulk_params: {users: {mode: full, scope_auth: manual, least_lines: 90}}\n")
    lay_over(monkeypatch, tmp_path, f"packages:\n  oneroster: {tmp_path}/mapping.yaml\n")
    done = site.run("toolsync_feeds", package(email="bob"), approve="yes")
    assert [each["state"] for each in done["types"]] == ["done"] * 3, done["messages"]
    assert people(site) == ["feedada"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("part", [False, True])
def test_defaults_of_the_settings_make_no_whole_export_of_a_package_that_is_none(
    site: Site, package: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: bool
):
    lay_over(
        monkeypatch,
        tmp_path,
        "defaults:\n  users: {mode: full, scope_auth: manual, change_threshold: null, least_lines: 90}\n",
    )
    suspended = "SELECT COUNT(*) FROM {user} WHERE suspended = 1"
    before = site.value(suspended)
    assert site.run("toolsync_feeds", package(), approve="yes", part=part)["state"] == "success"
    assert site.value(suspended) == before


@pytest.mark.usefixtures("here")
def test_killed_anywhere_each_type_runs_once(site: Site, package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    """The package goes on from what it has noted down: whether a file was an upload, was taken, was done."""
    real, started = package_runs.run_by_hand, []

    class Died(BaseException):
        pass

    def dying(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        started.append(dag_id)
        if len(started) == 1:  # before the run of courses
            raise Died
        result = real(dag_id, conf)
        if len(started) in (2, 3):  # after that of courses, and of users
            raise Died
        return result

    monkeypatch.setattr(package_runs, "run_by_hand", dying)
    cabinet = Cabinet("feeds")
    cabinet.put(package())
    for _ in range(3):
        assert site.run("toolsync_feeds")["state"] == "failed"
    done = site.run("toolsync_feeds")
    assert done["state"] == "success", done["messages"]
    assert started == ["toolsync_courses", "toolsync_courses", "toolsync_users", "toolsync_enrolments"]
    assert {each["type"]: each["files"][0]["counts"]["created"] for each in done["types"]} == {
        "courses": 1,
        "users": 2,
        "enrolments": 2,
    }
    for file_type in ("courses", "users", "enrolments"):
        assert len(list(Cabinet(file_type).folder("report").glob("*.json"))) == 1 and not uploads(Cabinet(file_type))


@pytest.mark.usefixtures("here")
def test_what_a_dead_run_of_a_type_holds_is_gone_on_with(
    site: Site, package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    real = package_runs.run_by_hand

    def dying(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
        """A process that takes the file and is killed, and the whole machine with it."""
        cabinet, dead = Cabinet("courses"), Owner("by hand", socket.gethostname(), 4_000_000, "never")
        params = load_dag(dag_id).params.dump()
        claim_upload(cabinet, conf["upload"], dead, {**params, **conf})
        raise SystemExit

    monkeypatch.setattr(package_runs, "run_by_hand", dying)
    Cabinet("feeds").put(package())
    assert site.run("toolsync_feeds")["state"] == "failed"
    monkeypatch.setattr(package_runs, "run_by_hand", real)
    done = site.run("toolsync_feeds")
    assert done["state"] == "success", done["messages"]
    assert [each["files"][0]["counts"]["created"] for each in done["types"]] == [1, 2, 2]
    assert len(list(Cabinet("courses").folder("report").glob("*.json"))) == 1


@pytest.mark.usefixtures("here")
def test_of_two_packages_the_later_one_has_the_last_word(site: Site, package: Callable[..., Path]):
    cabinet = Cabinet("feeds")
    for number, email in ((1, "old@feed.example.org"), (2, "new@feed.example.org")):
        cabinet.put(package(f"{number}.zip", email=email))
    first = site.run("toolsync_feeds")
    assert first["file"] == "1.zip" and [path.name for path in cabinet.folder("inbox").iterdir()] == ["2.zip"]
    assert site.run("toolsync_feeds")["file"] == "2.zip"
    assert site.value("SELECT email FROM {user} WHERE username = 'feedbob'") == "new@feed.example.org"


@pytest.mark.usefixtures("here")
def test_in_an_object_store(site: Site, package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    store = object_store()
    monkeypatch.setenv("TOOLSYNC_CABINET", store.new_cabinet())
    taken = site.value("SELECT email FROM {user} WHERE username = 'u001'")
    Cabinet("feeds").put(package(email=taken))
    done = site.run("toolsync_feeds")
    assert done["state"] == "success" and (done["counts"]["created"], done["counts"]["failed"]) == (3, 2), done[
        "messages"
    ]
    cabinet = Cabinet("feeds")
    tryback = cabinet.folder("tryback") / done["tryback"].rpartition("/")[2]
    with zipfile.ZipFile(io.BytesIO(cabinet.files.read(tryback))) as archive:
        assert "users.csv" in archive.namelist()
    assert not cabinet.files.entries(cabinet.folder("work")) and not uploads(Cabinet("users"))
