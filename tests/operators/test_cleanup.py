"""The cabinet is cleaned: simulated first, with a list of what goes, and undo bundles with the contents that only they need."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Param

from tests.support.pictures import archive, plain
from tests.support.site import Site
from tests.support.undo import delete
from toolsync import settings
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_expiry import _being_undone
from toolsync.operators.cleanup import CleanBundlesOperator, CleanFilesOperator

OLD = "20250101-060003-495573-c320"


def run(operator: Any, *, simulate: bool) -> dict[str, Any]:
    dag = DAG("toolsync_cabinet_cleanup", schedule=None, params={"simulate": Param(True, type="boolean")})
    dag_run = SimpleNamespace(run_type="manual", conf={"simulate": simulate}, clear_number=0)
    ti = SimpleNamespace(xcom_push=lambda key, value: None)
    return operator.execute({"dag": dag, "dag_run": dag_run, "run_id": "r", "params": {"simulate": simulate}, "ti": ti})


def listed(result: dict[str, Any]) -> list[dict[str, str]]:
    with open(result["list"], newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cabinet:
    """A cabinet with a file that was done long ago."""
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    cabinet = Cabinet("users")
    for place in (f"archive/=1+1_{OLD}.csv", f"report/=1+1_{OLD}_report.txt", f"report/=1+1_{OLD}_report.json"):
        path = cabinet.root / place
        path.write_bytes(b"x" * 100)
        os.utime(path, (0, 0))
    return cabinet


def there(cabinet: Cabinet) -> list[str]:
    return sorted(path.name for folder in ("archive", "report") for path in cabinet.folder(folder).iterdir())


def test_without_limits_nothing_goes(users: Cabinet):
    before = there(users)
    assert run(CleanFilesOperator(task_id="files"), simulate=False) == {"files": 0, "bytes": 0, "list": None}
    assert there(users) == before


def test_a_simulation_lists_what_goes_and_a_run_removes_it(
    users: Cabinet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setitem(settings.settings(), "retention", {"archive_days": 30, "report_days": 365})
    before = there(users)
    simulated = run(CleanFilesOperator(task_id="files"), simulate=True)
    assert (simulated["files"], simulated["bytes"]) == (3, 300)
    assert there(users) == before
    assert [Path(row["file"]).name for row in listed(simulated)] == [
        f"=1+1_{OLD}.csv", f"=1+1_{OLD}_report.json", f"=1+1_{OLD}_report.txt",
    ]  # fmt: skip
    assert {row["why"] for row in listed(simulated)} == {"older than archive_days", "older than report_days"}
    assert "_simulation_report_files.csv" in simulated["list"]
    done = run(CleanFilesOperator(task_id="files"), simulate=False)
    assert [{**row} for row in listed(done)] == listed(simulated)
    assert there(users) == []
    assert Path(simulated["list"]).parent == tmp_path / "cabinet/cabinet_cleanup/report"
    assert run(CleanFilesOperator(task_id="files"), simulate=False)["files"] == 0


def test_a_list_that_cannot_be_written_removes_nothing(users: Cabinet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(settings.settings(), "retention", {"archive_days": 30, "report_days": 365})
    (tmp_path / "cabinet/cabinet_cleanup").write_text("in the way")
    before = there(users)
    with pytest.raises(BaseException, match="The cabinet can't be used"):
        run(CleanFilesOperator(task_id="files"), simulate=False)
    assert there(users) == before


def test_an_undo_that_ends_meanwhile_hinders_nobody(users: Cabinet, monkeypatch: pytest.MonkeyPatch):
    """Its file has just left the work folder."""
    monkeypatch.setattr(Disk, "tree", lambda self, folder: {f"{OLD}/file/undo.csv": 1})
    assert _being_undone(users.site) == set()


def test_settings_that_make_no_sense_stop_the_dag(monkeypatch: pytest.MonkeyPatch):
    from toolsync.run import load_dag

    monkeypatch.setitem(settings.settings(), "retention", {"archiv_days": 30})
    with pytest.raises(SystemExit, match="retention: expected archive_days"):
        load_dag("toolsync_cabinet_cleanup")


@pytest.mark.usefixtures("airflow")
def test_expired_bundles_go_with_the_contents_that_only_they_need(site: Site, monkeypatch: pytest.MonkeyPatch):
    cabinet = Cabinet("courses_delete")
    delete(site, "C101")
    before = sorted(cabinet.files.tree(cabinet.folder("undo")))
    bundles = CleanBundlesOperator(task_id="bundles")
    assert run(bundles, simulate=False)["files"] == 0
    monkeypatch.setitem(settings.settings()["protection"], "undo_days", -1)
    simulated = run(bundles, simulate=True)
    assert sorted(str(Path(row["file"]).relative_to(cabinet.folder("undo"))) for row in listed(simulated)) == before
    assert simulated["bytes"] == sum(cabinet.files.tree(cabinet.folder("undo")).values())
    assert sorted(cabinet.files.tree(cabinet.folder("undo"))) == before
    bundles.remove([])  # it has expired after the list was written
    assert sorted(cabinet.files.tree(cabinet.folder("undo"))) == before
    assert run(bundles, simulate=False)["files"] == len(before) == 3
    assert list(cabinet.folder("undo").iterdir()) == []


@pytest.mark.usefixtures("airflow")
def test_bundles_of_runs_expire_and_hold_the_contents_of_pictures(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    pool = tmp_path / "moodledata/filedir"
    monkeypatch.setitem(settings.settings()["protection"], "undo_days", 9_999_999)  # more days than the calendar has

    def there() -> int:
        return sum(path.is_file() for path in pool.rglob("*"))

    for colour in (40, 90):  # the second replaces the first
        given = tmp_path / "pictures.zip"
        given.write_bytes(archive({"u001.png": plain((colour, 90, 200))}))
        assert site.run("toolsync_user_pictures", given)["counts"]["failed"] == 0
    cabinet, pictures = Cabinet("user_pictures"), there()
    first, second = bundles(cabinet)
    replaced = {path.name for path in pool.rglob("*") if path.is_file()} & second.contents()
    used = {content for (content,) in site.rows("SELECT contenthash FROM {files}")}
    assert len(replaced - used) == 3  # in three sizes

    monkeypatch.setitem(settings.settings()["protection"], "undo_days", -1)
    (cabinet.folder("work") / first.claim_id).mkdir()
    clean = CleanBundlesOperator(task_id="bundles")
    simulated = run(clean, simulate=True)
    assert [row["file"] for row in listed(simulated)] == [str(second.folder / name) for name in sorted(second.files())]
    assert simulated["bytes"] == sum(second.files().values())
    assert run(clean, simulate=False)["files"] == simulated["files"]
    assert [bundle.claim_id for bundle in bundles(cabinet)] == [first.claim_id]
    assert there() < pictures  # what only the second needed

    undo = Cabinet("undo").folder("work") / first.claim_id / "file/undo.csv"  # a plan of an undo waits
    undo.parent.mkdir(parents=True)
    undo.write_text(f"type,run,part\nuser_pictures,{first.claim_id},0\n")
    (cabinet.folder("work") / first.claim_id).rmdir()
    assert run(clean, simulate=False)["files"] == 0
    undo.unlink()
    monkeypatch.setitem(settings.settings()["protection"], "undo_days", None)
    assert run(clean, simulate=False)["files"] == 0
    monkeypatch.setitem(settings.settings()["protection"], "undo_days", -1)
    site.run("toolsync_user_pictures", given)  # the end of each file of the type clears away, too
    assert bundles(cabinet) == [] and list(cabinet.folder("undo").iterdir()) == []
